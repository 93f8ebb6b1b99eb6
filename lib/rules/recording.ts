/** What a recording rule makes of its expression's answer: the recorded name, the rule's labels, no label set twice. */
import { UserError } from "../core/errors.ts";
import { compareUtf8, type Labels, labelsKey, METRIC_NAME, withLabel } from "../model/labels.ts";
import type { RecordingRule, RuleLabels } from "./rule.ts";
import type { RuleVector } from "./vector.ts";

export interface Recorded {
  readonly vector: RuleVector;
  /** By `labelsKey`, in the order of the vector. */
  readonly series: ReadonlyMap<string, Labels>;
}

/** Throws a `UserError` for label sets that meet, and for more series than `limit` (0: no limit). */
export function record(rule: RecordingRule, answer: RuleVector, limit: number): Recorded {
  const overlay = overlayOf(rule);
  const labels: Labels[] = [];
  const series = new Map<string, Labels>();
  for (const source of answer.labels) {
    const own = overlaid(source, overlay);
    labels.push(own);
    series.set(labelsKey(own), own);
  }
  if (series.size < labels.length) {
    throw new UserError(
      "execution",
      "vector contains metrics with the same labelset after applying rule labels",
    );
  }
  if (limit > 0 && labels.length > limit) {
    throw new UserError("execution", `exceeded limit of ${limit} with ${labels.length} series`);
  }
  return { vector: { ...answer, labels }, series };
}

const overlays = new WeakMap<RecordingRule, RuleLabels>();

/** The name among the labels, sorted. */
function overlayOf(rule: RecordingRule): RuleLabels {
  let known = overlays.get(rule);
  if (known === undefined) {
    const pairs: (readonly [string, string])[] = [[METRIC_NAME, rule.name], ...rule.labels];
    known = pairs.sort(([a], [b]) => compareUtf8(a, b));
    overlays.set(rule, known);
  }
  return known;
}

/** `labels` with each of `overlay` (sorted by name) set; an empty value takes the label away. */
export function overlaid(labels: Labels, overlay: RuleLabels): Labels {
  if (overlay.length === 1) return withLabel(labels, overlay[0]![0], overlay[0]![1]);
  const flat: string[] = [];
  let next = 0;
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    let order = next < overlay.length ? compareUtf8(overlay[next]![0], name) : 1;
    while (order < 0) {
      if (overlay[next]![1] !== "") flat.push(overlay[next]![0], overlay[next]![1]);
      next++;
      order = next < overlay.length ? compareUtf8(overlay[next]![0], name) : 1;
    }
    if (order > 0) flat.push(name, labels[i + 1]!);
  }
  for (; next < overlay.length; next++) {
    if (overlay[next]![1] !== "") flat.push(overlay[next]![0], overlay[next]![1]);
  }
  return flat;
}
