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
    for (; i < end; i++) {
      const byte = bytes[i]!;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (i === end) return text;
  }
  return lenient.decode(bytes.subarray(start, end));
}

/** Name and label names are valid UTF-8. Values were checked by the parser. */
export function namesAreUtf8(parser: RecordParser): boolean {
  if (decodeUtf8(parser.bytes.subarray(parser.nameStart, parser.nameEnd)) === undefined) return false;
  for (let i = 0; i < parser.labelsCount; i++) {
    const start = parser.labelOffsets[4 * i]!;
    if (decodeUtf8(parser.bytes.subarray(start, parser.labelOffsets[4 * i + 1]!)) === undefined) return false;
  }
  return true;
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

/** As Prometheus: `le` of histograms and `quantile` of summaries, told by the TYPE line above. */
function normalised(type: MetricType, label: string, value: string): string {
  const applies = label === "le" ? type === "histogram" : label === "quantile" && type === "summary";
  if (!applies) return value;
  const float = parseGoFloat(value);
  return float === undefined ? value : formatOpenMetricsFloat(float);
}
