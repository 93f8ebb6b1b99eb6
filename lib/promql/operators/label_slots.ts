/**
 * Label sets numbered by the values of a few of their labels, and by nothing else: the projection of `by` and `on`. One
 * look into a map a label, so that no label set is built and no key is joined for a series whose group is known.
 */
import { type Labels, labelValue } from "../../model/labels.ts";

type Level = Map<string, Level | number>;

export class LabelSlots {
  readonly #names: readonly string[];
  readonly #root: Level = new Map();
  #count = 0;

  constructor(names: Iterable<string>) {
    this.#names = [...names];
  }

  get count(): number {
    return this.#count;
  }

  /** Slots are numbered from 0 as they appear. An absent label and an empty one are the same. */
  slotOf(labels: Labels): number {
    const names = this.#names;
    const last = names.length - 1;
    if (last < 0) return this.#slotIn(this.#root, "");
    let level = this.#root;
    for (let i = 0; i < last; i++) {
      const value = labelValue(labels, names[i]!);
      let next = level.get(value);
      if (typeof next !== "object") level.set(value, next = new Map());
      level = next;
    }
    return this.#slotIn(level, labelValue(labels, names[last]!));
  }

  #slotIn(level: Level, value: string): number {
    const known = level.get(value);
    if (typeof known === "number") return known;
    level.set(value, this.#count);
    return this.#count++;
  }
}
