/**
 * Label sets of a head without the labels that a reader does not look at. Series that differ in nothing else share one
 * array: making half a million of them, to count how many there are, costs more than the counting.
 */
import { EMPTY_LABELS, type Labels } from "../model/labels.ts";
import type { LabelIndex } from "./label_index.ts";

const KEPT = 1;
const LEFT_OUT = 2;
/** A table of all pairs costs more than looking up so few. */
const FEW_MAX = 64;

/** What the pairs so far have led to. */
interface Step {
  readonly labels: Labels;
  readonly next: Map<number, Step>;
}

/** Good for as long as the table whose index it was made of. */
export class LabelProjection {
  readonly #index: LabelIndex;
  readonly #names: ReadonlySet<string>;
  /** By pair; 0: not met yet. A table of all pairs only for those who meet many of them. */
  #verdicts: Uint8Array | undefined;
  readonly #few = new Map<number, number>();
  readonly #root: Step = { labels: EMPTY_LABELS, next: new Map() };

  constructor(index: LabelIndex, names: Iterable<string>) {
    this.#index = index;
    this.#names = new Set(names);
  }

  /** Of the pairs from `from` up to `to`. */
  labelsOf(pairs: Uint32Array, from: number, to: number): Labels {
    let step = this.#root;
    for (let i = from; i < to; i++) {
      const pair = pairs[i]!;
      const known = this.#verdicts === undefined ? this.#few.get(pair) : this.#verdicts[pair]!;
      const verdict = known || this.#judge(pair);
      if (verdict === KEPT) step = step.next.get(pair) ?? this.#grow(step, pair);
    }
    return step.labels;
  }

  #judge(pair: number): number {
    const verdict = this.#names.has(this.#index.nameOf(pair)) ? KEPT : LEFT_OUT;
    if (this.#verdicts !== undefined) return this.#verdicts[pair] = verdict;
    this.#few.set(pair, verdict);
    if (this.#few.size > FEW_MAX) {
      this.#verdicts = new Uint8Array(this.#index.pairsCount);
      for (const [met, its] of this.#few) this.#verdicts[met] = its;
    }
    return verdict;
  }

  #grow(step: Step, pair: number): Step {
    const labels = [...step.labels, this.#index.nameOf(pair), this.#index.valueOf(pair)];
    const grown = { labels, next: new Map<number, Step>() };
    step.next.set(pair, grown);
    return grown;
  }
}
