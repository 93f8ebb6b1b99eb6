/**
 * The pair numbers of one chunk of packed label sets. A pair is interned when the chunk first has it; after that it
 * is found by the position of its value, which nearly always goes with one name only. Targets of one kind have chunks
 * that are alike but for a few texts: what the chunk before has found then stands.
 */
import type { PackedLabels } from "./codecs/labels_chunk.ts";
import type { LabelIndex } from "./label_index.ts";

export class PackedPairs {
  readonly packed: PackedLabels;
  readonly #index: LabelIndex;
  /** By position of the value: name + 1 that it was last met with, and their pair. */
  readonly #names: Uint32Array;
  readonly #pairs: Uint32Array;

  constructor(index: LabelIndex, packed: PackedLabels, before?: PackedPairs) {
    this.packed = packed;
    this.#index = index;
    const { length } = packed.texts;
    this.#names = new Uint32Array(length);
    this.#pairs = new Uint32Array(length);
    if (before !== undefined && before.#index === index && before.packed.refs === packed.refs) {
      this.#take(before);
    }
  }

  /** What does not hang on a text that is another one now. */
  #take(before: PackedPairs): void {
    const { texts } = this.packed;
    const old = before.packed.texts;
    for (let value = 0; value < texts.length; value++) {
      const name = before.#names[value]!;
      if (name === 0 || texts[value] !== old[value] || texts[name - 1] !== old[name - 1]) continue;
      this.#names[value] = name;
      this.#pairs[value] = before.#pairs[value]!;
    }
  }

  /** The pairs of the first `setsCount` sets, one set after the other: half as many as they have `refs`. */
  flat(setsCount: number): Uint32Array {
    const { refs } = this.packed;
    const flat = new Uint32Array(this.packed.startOf(setsCount) >> 1);
    for (let i = 0; i < flat.length; i++) {
      const value = refs[2 * i + 1]!;
      flat[i] = this.#names[value] === refs[2 * i]! + 1
        ? this.#pairs[value]!
        : this.#intern(refs[2 * i]!, value);
    }
    return flat;
  }

  #intern(name: number, value: number): number {
    const { texts } = this.packed;
    const pair = this.#index.intern(texts[name]!, texts[value]!, true);
    this.#names[value] = name + 1;
    this.#pairs[value] = pair;
    return pair;
  }
}
