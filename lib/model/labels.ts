/**
 * A label set: names and values in one flat array, `[name0, value0, name1, value1, …]`, sorted by name in the
 * order of their UTF-8 bytes, no name twice, no empty value. Immutable and shared freely. One array and no
 * object a pair, since a process may hold half a million of them for a moment.
 */
export type Labels = readonly string[];

export const METRIC_NAME = "__name__";
export const EMPTY_LABELS: Labels = [];

/** Orders strings by their UTF-8 bytes, as Go does. UTF-16 order differs only where surrogates are involved. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rankOf(x) - rankOf(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others, so they rank above 0xE000–0xFFFF. */
function rankOf(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** Sorts the pairs, drops empty values (an empty label is an absent one), the last of equal names wins. */
export function labelsOf(pairs: Iterable<readonly [name: string, value: string]>): Labels {
  const byName = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (value === "") byName.delete(name);
    else byName.set(name, value);
  }
  const names = [...byName.keys()].sort(compareUtf8);
  const flat: string[] = [];
  for (const name of names) flat.push(name, byName.get(name)!);
  return flat;
}

export function labelsFromRecord(record: Readonly<Record<string, string>>): Labels {
  return labelsOf(Object.entries(record));
}

/** The value of `name`, or "" where the label is absent: to a matcher both are the same. */
export function labelValue(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!;
  return "";
}

/** A string equal for equal label sets only: a lone surrogate cannot occur in text that came from UTF-8. */
export function labelsKey(labels: Labels): string {
  return labels.join("\ud800");
}

export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareUtf8(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** A copy with `name` set to `value`; an empty value removes the label. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const flat: string[] = [];
  let placed = value === "";
  for (let i = 0; i < labels.length; i += 2) {
    const at = labels[i]!;
    if (at === name) continue;
    if (!placed && compareUtf8(name, at) < 0) {
      flat.push(name, value);
      placed = true;
    }
    flat.push(at, labels[i + 1]!);
  }
  if (!placed) flat.push(name, value);
  return flat;
}

export function withoutLabel(labels: Labels, name: string): Labels {
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] === name) return [...labels.slice(0, i), ...labels.slice(i + 2)];
  }
  return labels;
}

/** The labels whose names are in `names`. */
export function keepLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  const flat: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (names.has(labels[i]!)) flat.push(labels[i]!, labels[i + 1]!);
  }
  return flat;
}

/** The labels whose names are not in `names`. */
export function dropLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  const flat: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (!names.has(labels[i]!)) flat.push(labels[i]!, labels[i + 1]!);
  }
  return flat;
}

const LEGACY_LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const LEGACY_METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

export function isLegacyLabelName(name: string): boolean {
  return LEGACY_LABEL_NAME.test(name);
}

export function isLegacyMetricName(name: string): boolean {
  return LEGACY_METRIC_NAME.test(name);
}

/** Writes `name{a="b",…}` as Go's labels.String and PromQL do; UTF-8 names are quoted inside the braces. */
export function formatLabels(labels: Labels): string {
  let metric = "";
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    const value = labels[i + 1]!;
    if (name === METRIC_NAME && isLegacyMetricName(value)) metric = value;
    else if (name === METRIC_NAME) parts.unshift(quoteGo(value));
    else parts.push(`${isLegacyLabelName(name) ? name : quoteGo(name)}=${quoteGo(value)}`);
  }
  return parts.length === 0 && metric !== "" ? metric : `${metric}{${parts.join(", ")}}`;
}

/** Quotes as Go's strconv.Quote for text that is valid Unicode. */
export function quoteGo(text: string): string {
  let quoted = '"';
  for (const char of text) quoted += ESCAPES.get(char) ?? escapeControl(char);
  return quoted + '"';
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\v", "\\v"],
]);

function escapeControl(char: string): string {
  const code = char.codePointAt(0)!;
  // A byte that was no UTF-8, kept as a lone surrogate (PromQL's unquote).
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char) || char === " ") return char;
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
