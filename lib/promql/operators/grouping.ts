/** `by` and `without`: which group a series belongs to, resolved once a series to a small integer. */
import { dropLabels, keepLabels, type Labels, labelsKey, METRIC_NAME } from "../../model/labels.ts";

export class Grouping {
  readonly #names: ReadonlySet<string>;
  readonly #without: boolean;
  readonly #slotOf = new Map<string, number>();
  readonly #labels: Labels[] = [];

  constructor(names: readonly string[], without: boolean) {
    this.#names = new Set(without ? [...names, METRIC_NAME] : names);
    this.#without = without;
  }

  /** The group of a series; groups are numbered from 0 as they appear. */
  slotOf(labels: Labels): number {
    const own = this.#without ? dropLabels(labels, this.#names) : this.#kept(labels);
    const key = labelsKey(own);
    const found = this.#slotOf.get(key);
    if (found !== undefined) return found;
    const slot = this.#labels.length;
    this.#slotOf.set(key, slot);
    this.#labels.push(own);
    return slot;
  }

  #kept(labels: Labels): Labels {
    return this.#names.size === 0 ? [] : keepLabels(labels, this.#names);
  }

  get labels(): readonly Labels[] {
    return this.#labels;
  }
}
