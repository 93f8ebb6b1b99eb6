/** `by` and `without`: which group a series belongs to, resolved once a series to a small integer. */
import { dropLabels, keepLabels, type Labels, labelsKey, METRIC_NAME } from "../../model/labels.ts";
import { LabelSlots } from "./label_slots.ts";

export class Grouping {
  readonly #names: ReadonlySet<string>;
  /** Of `by`. */
  readonly #slots: LabelSlots | undefined;
  /** Of `without`. */
  readonly #slotOf = new Map<string, number>();
  readonly #labels: Labels[] = [];
  readonly #dropping = new Set<number>();

  constructor(names: readonly string[], without: boolean) {
    this.#names = new Set(without ? [...names, METRIC_NAME] : names);
    this.#slots = without ? undefined : new LabelSlots(this.#names);
  }

  /** The group of a series; groups are numbered from 0 as they appear. */
  slotOf(labels: Labels): number {
    if (this.#slots === undefined) return this.#slotWithout(labels);
    const slot = this.#slots.slotOf(labels);
    if (slot === this.#labels.length) this.#labels.push(keepLabels(labels, this.#names));
    return slot;
  }

  #slotWithout(labels: Labels): number {
    const own = dropLabels(labels, this.#names);
    const key = labelsKey(own);
    const found = this.#slotOf.get(key);
    if (found !== undefined) return found;
    const slot = this.#labels.length;
    this.#slotOf.set(key, slot);
    this.#labels.push(own);
    return slot;
  }

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

  get labels(): readonly Labels[] {
    return this.#labels;
  }
}
