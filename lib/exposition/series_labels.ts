/**
 * Label pairs of a parsed series: escapes undone, `le` and `quantile` brought to OpenMetrics floats. Used for new
 * series only, so it may allocate.
 */
import { formatOpenMetricsFloat, parseGoFloat } from "../model/float.ts";
import { METRIC_NAME } from "../model/labels.ts";
import type { MetricType } from "../model/metadata.ts";
import { decodeUtf8 } from "./quote.ts";
import type { RecordParser } from "./record.ts";

/** Undoes \\, \" and \n; any other backslash stays as it is. As Prometheus's lvalReplacer. */
export function unescapeLabel(text: string): string {
  return text.includes("\\") ? text.replace(/\\([\\"n])/g, (_, char) => char === "n" ? "\n" : char) : text;
}

/** Undoes \\ and \n. As Prometheus's helpReplacer. */
export function unescapeHelp(text: string): string {
  return text.includes("\\") ? text.replace(/\\([\\n])/g, (_, char) => char === "n" ? "\n" : char) : text;
}

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** Short ASCII is the rule, and a call into the decoder costs more than these few characters. */
const LOOP_BYTES_MAX = 12;

export function textOf(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= LOOP_BYTES_MAX) {
    let text = "";
    let i = start;
    if (end - start >= 8 && isAscii(bytes, start, start + 8)) {
      text = eightOf(bytes, start);
      i += 8;
    }
    for (; i < end; i++) {
      const byte = bytes[i]!;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (i === end) return text;
  }
  return lenient.decode(bytes.subarray(start, end));
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}

/** One call for eight characters makes one string, where eight calls make eight. */
function eightOf(bytes: Uint8Array, at: number): string {
  const a = bytes[at]!;
  const b = bytes[at + 1]!;
  const c = bytes[at + 2]!;
  const d = bytes[at + 3]!;
  return String.fromCharCode(a, b, c, d, bytes[at + 4]!, bytes[at + 5]!, bytes[at + 6]!, bytes[at + 7]!);
}

/** Name and label names are valid UTF-8. Values were checked by the parser. */
export function namesAreUtf8(parser: RecordParser): boolean {
  const { bytes, labelOffsets } = parser;
  if (!isUtf8(bytes, parser.nameStart, parser.nameEnd)) return false;
  for (let i = 0; i < parser.labelsCount; i++) {
    if (!isUtf8(bytes, labelOffsets[4 * i]!, labelOffsets[4 * i + 1]!)) return false;
  }
  return true;
}

function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  return isAscii(bytes, start, end) || decodeUtf8(bytes.subarray(start, end)) !== undefined;
}

/**
 * Pairs of the series that `parser` parsed last, in the order of the body, the metric name first; not sorted,
 * empty values and double names kept, since the callers must see them.
 */
export function pairsOf(parser: RecordParser, type: MetricType): [name: string, value: string][] {
  const { bytes, labelOffsets } = parser;
  const name = unescapeLabel(textOf(bytes, parser.nameStart, parser.nameEnd));
  const pairs: [string, string][] = [[METRIC_NAME, name]];
  for (let i = 0; i < parser.labelsCount; i++) {
    const label = unescapeLabel(textOf(bytes, labelOffsets[4 * i]!, labelOffsets[4 * i + 1]!));
    const value = unescapeLabel(textOf(bytes, labelOffsets[4 * i + 2]!, labelOffsets[4 * i + 3]!));
    pairs.push([label, normalised(type, label, value)]);
  }
  return pairs;
}

/**
 * The pairs with `__type__` and `__unit__`, as the metadata lines say them. As Prometheus: what they say takes the
 * place of such labels of the body, and what they do not say leaves those alone.
 */
export function withTypeAndUnit(
  pairs: readonly [name: string, value: string][],
  type: MetricType,
  unit: string,
): [name: string, value: string][] {
  const said: [string, string][] = [];
  if (type !== "unknown") said.push(["__type__", type]);
  if (unit !== "") said.push(["__unit__", unit]);
  const kept = pairs.filter(([name]) => !said.some(([own]) => own === name));
  return [...kept, ...said];
}

/** As Prometheus: `le` of histograms and `quantile` of summaries, told by the TYPE line above. */
function normalised(type: MetricType, label: string, value: string): string {
  const applies = label === "le" ? type === "histogram" : label === "quantile" && type === "summary";
  if (!applies) return value;
  const float = parseGoFloat(value);
  return float === undefined ? value : formatOpenMetricsFloat(float);
}
