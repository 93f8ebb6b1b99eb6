/** Choices by seed. */
import type { Rng } from "../../../lib/core/ports.ts";
import { drawBelow } from "../../../lib/core/rng.ts";

export interface Draw {
  below(count: number): number;
  chance(percent: number): boolean;
  of<T>(choices: readonly T[]): T;
  /** Some of them, in their order; each with this chance. */
  some<T>(choices: readonly T[], percent: number): readonly T[];
  /** One of them, by weight. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T;
}

export function createDraw(rng: Rng): Draw {
  const below = (count: number) => drawBelow(rng, count);
  return {
    below,
    chance: (percent) => below(100) < percent,
    of: (choices) => choices[below(choices.length)]!,
    some: (choices, percent) => choices.filter(() => below(100) < percent),
    weighted: (choices) => {
      let left = below(choices.reduce((sum, [weight]) => sum + weight, 0));
      for (const [weight, choice] of choices) {
        left -= weight;
        if (left < 0) return choice;
      }
      return choices[0]![1];
    },
  };
}
