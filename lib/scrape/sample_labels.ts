/**
 * From the labels of an exposition to the labels of a stored series: merge with the target's, metric relabelling,
 * validity, limits. Pure; runs once a series, not once a sample. Behaviour and wording as Prometheus's scrape loop.
 */
import { relabel } from "../config/relabel.ts";
import {
  compareUtf8,
  formatLabels,
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  labelsOf,
  labelValue,
  METRIC_NAME,
  quoteGo,
} from "../model/labels.ts";
import type { ScrapeLimit } from "./ending.ts";
import type { NameValidationScheme, ScrapeSettings } from "./settings.ts";

type Pair = readonly [name: string, value: string];

export type SampleLabels =
  | { readonly kind: "labels"; readonly labels: Labels }
  | { readonly kind: "dropped" }
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "limited"; readonly limit: ScrapeLimit; readonly reason: string };

const EXPORTED_PREFIX = "exported_";

/** The target's labels that series get: those that start with two underscores never leave the scraper. */
export function attachedLabels(target: Labels): Labels {
  const kept: Pair[] = [];
  for (let i = 0; i < target.length; i += 2) {
    if (!target[i]!.startsWith("__")) kept.push([target[i]!, target[i + 1]!]);
  }
  return labelsOf(kept);
}

/** `pairs` as the body has them, empty values included; `target` from `attachedLabels`. */
export function sampleLabels(pairs: readonly Pair[], target: Labels, settings: ScrapeSettings): SampleLabels {
  const twice = doubleName(pairs);
  const merged = settings.honorLabels ? mergeHonoring(pairs, target) : mergeRenaming(pairs, target);
  const labels = settings.metricRelabel.length === 0 ? merged : relabel(merged, settings.metricRelabel);
  if (labels === undefined || labels.length === 0) return { kind: "dropped" };
  const name = labelValue(labels, METRIC_NAME);
  if (name === "") return { kind: "invalid", reason: `missing metric name (${METRIC_NAME} label)` };
  if (!areValidNames(labels, settings.nameValidationScheme)) {
    return { kind: "invalid", reason: `invalid metric name or label names: ${formatLabels(labels)}` };
  }
  if (twice !== undefined && labelValue(labels, twice) !== "") {
    return { kind: "invalid", reason: `label name "${twice}" is not unique: invalid sample` };
  }
  return limitMet(labels, name, settings) ?? { kind: "labels", labels };
}

/** The first name that two pairs give a value. */
function doubleName(pairs: readonly Pair[]): string | undefined {
  for (let i = 1; i < pairs.length; i++) {
    if (pairs[i]![1] === "") continue;
    for (let j = 0; j < i; j++) if (pairs[j]![0] === pairs[i]![0] && pairs[j]![1] !== "") return pairs[i]![0];
  }
  return undefined;
}

/** The body's labels win, an empty one included: it takes the target's label away. */
function mergeHonoring(pairs: readonly Pair[], target: Labels): Labels {
  const merged: Pair[] = [];
  for (let i = 0; i < target.length; i += 2) {
    if (!pairs.some(([name]) => name === target[i])) merged.push([target[i]!, target[i + 1]!]);
  }
  return labelsOf([...merged, ...pairs]);
}

/** The target's labels win; a label of the body by the same name is kept as exported_…, the shortest name first. */
function mergeRenaming(pairs: readonly Pair[], target: Labels): Labels {
  const distinct = mergeDistinct(pairs, target);
  if (distinct !== undefined) return distinct;
  const byName = new Map<string, string>();
  for (const [name, value] of pairs) if (value !== "") byName.set(name, value);
  const conflicts: Pair[] = [];
  for (let i = 0; i < target.length; i += 2) {
    const name = target[i]!;
    const scraped = byName.get(name);
    if (scraped !== undefined) conflicts.push([name, scraped]);
    byName.set(name, target[i + 1]!);
  }
  conflicts.sort((a, b) => a[0].length - b[0].length);
  for (const [name, value] of conflicts) {
    let renamed = EXPORTED_PREFIX + name;
    while (byName.has(renamed)) renamed = EXPORTED_PREFIX + renamed;
    byName.set(renamed, value);
  }
  return labelsOf(byName);
}

/** Without any map, since no name occurs twice, which is the rule; undefined where one does. */
function mergeDistinct(pairs: readonly Pair[], target: Labels): Labels | undefined {
  const merged = target.slice();
  for (const [name, value] of pairs) {
    if (value === "") continue;
    let at = merged.length;
    for (; at > 0; at -= 2) {
      const order = compareUtf8(merged[at - 2]!, name);
      if (order === 0) return undefined;
      if (order < 0) break;
    }
    merged.push(name, value);
    for (let i = merged.length - 1; i > at + 1; i--) merged[i] = merged[i - 2]!;
    merged[at] = name;
    merged[at + 1] = value;
  }
  return merged;
}

function areValidNames(labels: Labels, scheme: NameValidationScheme): boolean {
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    if (name === METRIC_NAME) {
      if (scheme === "legacy" && !isLegacyMetricName(labels[i + 1]!)) return false;
    } else if (scheme === "legacy" ? !isLegacyLabelName(name) : name === "") return false;
  }
  return true;
}

function limitMet(labels: Labels, metric: string, settings: ScrapeSettings): SampleLabels | undefined {
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = settings;
  const count = labels.length / 2;
  if (labelLimit > 0 && count > labelLimit) {
    const reason = `label_limit exceeded (metric: ${
      short(metric)
    }, number of labels: ${count}, limit: ${labelLimit})`;
    return { kind: "limited", limit: "label_limit", reason };
  }
  if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return undefined;
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    const value = labels[i + 1]!;
    const where = `metric: ${short(metric)}, label name: ${short(name)}`;
    const nameLength = utf8Length(name);
    if (labelNameLengthLimit > 0 && nameLength > labelNameLengthLimit) {
      const reason =
        `label_name_length_limit exceeded (${where}, length: ${nameLength}, limit: ${labelNameLengthLimit})`;
      return { kind: "limited", limit: "label_name_length_limit", reason };
    }
    const length = utf8Length(value);
    if (labelValueLengthLimit > 0 && length > labelValueLengthLimit) {
      const reason = `label_value_length_limit exceeded (${where}, value: ${
        quoteGo(short(value))
      }, length: ${length}, limit: ${labelValueLengthLimit})`;
      return { kind: "limited", limit: "label_value_length_limit", reason };
    }
  }
  return undefined;
}

/** As fmt's %.50s: that many code points. */
function short(text: string): string {
  return text.length <= 50 ? text : [...text].slice(0, 50).join("");
}

function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair stands for two of its four bytes.
    length += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return length;
}

/** 32 bits of a label set: equal sets have equal hashes. */
export function hashLabels(labels: Labels): number {
  let hash = labels.length;
  for (let i = 0; i < labels.length; i++) {
    const text = labels[i]!;
    for (let j = 0; j < text.length; j++) hash = Math.imul(hash ^ text.charCodeAt(j), 0x01000193);
    hash = Math.imul(hash ^ 0xd800, 0x85ebca6b);
  }
  hash ^= hash >>> 15;
  return hash >>> 0;
}

export function sameLabels(a: Labels, b: Labels): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
