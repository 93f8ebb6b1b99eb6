/** `by` and `without`: which group a series belongs to, resolved once a series to a small integer. */
import {
  dropLabels,
  keepLabels,
  type Labels,
  labelsKey,
  labelValue,
  METRIC_NAME,
} from "../../model/labels.ts";

export class Grouping {
  readonly #names: ReadonlySet<string>;
  readonly #without: boolean;
  readonly #kept: readonly string[];
  readonly #slotOf = new Map<string, number>();
  readonly #labels: Labels[] = [];
  readonly #dropping = new Set<number>();

  constructor(names: readonly string[], without: boolean) {
    this.#names = new Set(without ? [...names, METRIC_NAME] : names);
    this.#without = without;
    this.#kept = [...this.#names];
  }

  /** The group of a series; groups are numbered from 0 as they appear. */
  slotOf(labels: Labels): number {
    const key = this.#without ? labelsKey(dropLabels(labels, this.#names)) : this.#keptKey(labels);
    const found = this.#slotOf.get(key);
    if (found !== undefined) return found;
    const slot = this.#labels.length;
    this.#slotOf.set(key, slot);
    this.#labels.push(this.#without ? dropLabels(labels, this.#names) : keepLabels(labels, this.#names));
    return slot;
  }

<<<<<<< HEAD
  /** Of the values alone, without making a label set: nearly every series falls into a group that is known. */
  #keptKey(labels: Labels): string {
    if (this.#kept.length === 1) return labelValue(labels, this.#kept[0]!);
    let key = "";
    for (let i = 0; i < this.#kept.length; i++) {
      const value = labelValue(labels, this.#kept[i]!);
      key += `${value.length}:${value}`;
    }
    return key;
=======
  /**
   * As Prometheus: the name of a group goes away with that of any member. Matters to groups that have one, and is
   * said of series, whether or not they have a value at a step.
   */
  markDropping(slot: number): void {
    this.#dropping.add(slot);
  }

  /** One entry a group; undefined for none. */
  get dropsName(): Uint8Array | undefined {
    if (this.#dropping.size === 0) return undefined;
    return Uint8Array.from(this.#labels, (_, slot) => this.#dropping.has(slot) ? 1 : 0);
  }

  #kept(labels: Labels): Labels {
    return this.#names.size === 0 ? [] : keepLabels(labels, this.#names);
>>>>>>> w-audit
  }

  get labels(): readonly Labels[] {
    return this.#labels;
  }
}
