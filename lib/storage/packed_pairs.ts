/**
 * The pair numbers of one chunk of packed label sets. A pair is interned when the chunk first has it; after that it
 * is found by the position of its value, which nearly always goes with one name only.
 */
import type { PackedLabels } from "./codecs/labels_chunk.ts";
import type { LabelIndex } from "./label_index.ts";

export class PackedPairs {
  readonly #index: LabelIndex;
  readonly #texts: readonly string[];
  /** By position of the value: name + 1 that it was last met with, and their pair. */
  readonly #names: Uint32Array;
  readonly #pairs: Uint32Array;

  constructor(index: LabelIndex, packed: PackedLabels) {
    this.#index = index;
    this.#texts = packed.texts;
    this.#names = new Uint32Array(packed.texts.length);
    this.#pairs = new Uint32Array(packed.texts.length);
  }

  pairOf(name: number, value: number): number {
    if (this.#names[value] === name + 1) return this.#pairs[value]!;
    const pair = this.#index.intern(this.#texts[name]!, this.#texts[value]!, true);
    this.#names[value] = name + 1;
    this.#pairs[value] = pair;
    return pair;
  }
}
