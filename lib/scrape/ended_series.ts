/**
 * Series that got their last marker and left a session's tables, until storage has answered: a storage that lost the
 * cohort needs their labels once more. Where they are many, the body that had them is kept instead, since the labels
 * are hardly ever asked for.
 */
import type { Body } from "../exposition/body_reader.ts";
import type { LineTable } from "../exposition/line_table.ts";
import type { Labels } from "../model/labels.ts";
import { BodyLabels } from "./body_labels.ts";

/** More than these, and their body is kept. */
export const ENDED_LABELS_MAX = 256;

export type EndedSeries =
  | { readonly kind: "labels"; readonly labels: readonly Labels[] }
  | {
    readonly kind: "body";
    readonly body: Body;
    readonly lines: LineTable;
    readonly slots: readonly number[];
  };

export const NONE_ENDED: EndedSeries = { kind: "labels", labels: [] };

/** Who turns pairs of a body into labels. */
export interface Labeller {
  /** Whether type and unit are labels. */
  readonly typed: boolean;
  labelsOf(pairs: [name: string, value: string][]): Labels;
}

export function labelsOfEnded(ended: EndedSeries, labeller: Labeller): readonly Labels[] {
  return ended.kind === "labels"
    ? ended.labels
    : labelsOfSlots(ended.body, ended.lines, ended.slots, labeller);
}

/** In the order of the body's lines. */
export function labelsOfSlots(
  body: Body,
  lines: LineTable,
  slots: readonly number[],
  labeller: Labeller,
): readonly Labels[] {
  const left = new Set(slots);
  const found: Labels[] = [];
  const again = new BodyLabels(body, lines, labeller.typed);
  for (let line = 0; line < lines.count && left.size > 0; line++) {
    if (left.delete(lines.slot[line]!)) found.push(labeller.labelsOf(again.pairsAt(line)));
  }
  return found;
}
