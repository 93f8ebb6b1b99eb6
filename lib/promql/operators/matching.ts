/**
 * Vector matching: the match group of each series as a small integer, found once a series and not once a step;
 * and the labels of results.
 */
import {
  dropLabels,
  isLegacyLabelName,
  keepLabels,
  type Labels,
  labelsKey,
  labelValue,
  METRIC_NAME,
  quoteGo,
  withLabel,
} from "../../model/labels.ts";
import type { VectorMatching } from "../ast.ts";
import { type Block, withoutName } from "../block.ts";
import type { Pacer } from "../pacer.ts";
import { LabelSlots } from "./label_slots.ts";

export class MatchGroups {
  readonly #names: ReadonlySet<string>;
  readonly #on: boolean;
  /** Of `on`. */
  readonly #slots: LabelSlots | undefined;
  /** Of `ignoring`. */
  readonly #slotOf = new Map<string, number>();

  constructor(matching: VectorMatching) {
    this.#on = matching.on;
    this.#names = new Set(matching.on ? matching.labels : [...matching.labels, METRIC_NAME]);
    this.#slots = matching.on ? new LabelSlots(this.#names) : undefined;
  }

  get count(): number {
    return this.#slots?.count ?? this.#slotOf.size;
  }

  /** The labels that a series is matched by. */
  labelsOf(labels: Labels): Labels {
    return this.#on ? keepLabels(labels, this.#names) : dropLabels(labels, this.#names);
  }

  async slotsOf(block: Block, pacer: Pacer): Promise<Int32Array> {
    const slots = new Int32Array(block.labels.length);
    await pacer.rows(slots.length, (row) => slots[row] = this.#slot(block.labels[row]!));
    return slots;
  }

  #slot(labels: Labels): number {
    if (this.#slots !== undefined) return this.#slots.slotOf(labels);
    const key = labelsKey(this.labelsOf(labels));
    let slot = this.#slotOf.get(key);
    if (slot === undefined) {
      slot = this.#slotOf.size;
      this.#slotOf.set(key, slot);
    }
    return slot;
  }
}

/** Rows by slot: rows of slot s are `rows[starts[s]]` up to `rows[starts[s + 1]]`, in order. */
export interface SlotRows {
  readonly starts: Int32Array;
  readonly rows: Int32Array;
}

export function rowsBySlot(slots: Int32Array, slotsCount: number): SlotRows {
  const starts = new Int32Array(slotsCount + 1);
  for (const slot of slots) starts[slot + 1]!++;
  for (let s = 0; s < slotsCount; s++) starts[s + 1]! += starts[s]!;
  const rows = new Int32Array(slots.length);
  const next = starts.slice(0, slotsCount);
  for (let row = 0; row < slots.length; row++) rows[next[slots[row]!]!++] = row;
  return { starts, rows };
}

/** Labels of the result of one pair; `many` is the side whose labels go on in a grouped match. */
export function resultLabels(
  many: Labels,
  one: Labels,
  matching: VectorMatching,
  dropsName: boolean,
): Labels {
  let labels = many;
  if (matching.card === "one-to-one") {
    const names = new Set(matching.labels);
    labels = matching.on ? keepLabels(labels, names) : dropLabels(labels, names);
  }
  if (dropsName) labels = withoutName(labels);
  for (const name of matching.include) labels = withLabel(labels, name, labelValue(one, name));
  return labels;
}

/** As Go prints labels in errors: the name as a label like any other. */
export function printLabels(labels: Labels): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    parts.push(`${isLegacyLabelName(name) ? name : quoteGo(name)}=${quoteGo(labels[i + 1]!)}`);
  }
  return `{${parts.join(", ")}}`;
}
