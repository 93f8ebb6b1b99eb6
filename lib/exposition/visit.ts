/**
 * A whole body through the full parser, for callers that read it once: checks of metrics, pushes, federation.
 * Scrapes do not come this way (body_reader.ts).
 */
import type { MetricType } from "../model/metadata.ts";
import { BODY_SEAL_BYTES, sealBody } from "./body_reader.ts";
import { OpenMetricsParser } from "./open_metrics_parser.ts";
import {
  type ExpositionFormat,
  RECORD_END,
  RECORD_HELP,
  RECORD_SAMPLE,
  RECORD_TYPE,
  RECORD_UNIT,
} from "./record.ts";
import { pairsOf, textOf, unescapeHelp, unescapeLabel } from "./series_labels.ts";
import { TextParser } from "./text_parser.ts";

export interface ExpositionVisitor {
  /**
   * Pairs as the body has them, the metric name first as `__name__`: unsorted, empty values and double names
   * kept. `value` is element 0, to be copied bit by bit where a NaN matters. `tMs` is the sample's own timestamp.
   */
  sample(
    pairs: readonly (readonly [name: string, value: string])[],
    value: Float64Array,
    tMs: number | undefined,
  ): void;
  type?(family: string, type: MetricType): void;
  help?(family: string, text: string): void;
  unit?(family: string, unit: string): void;
}

/** Visits the records in order. Throws `ExpositionError` at the first fault; what came before was visited. */
export function visitExposition(
  format: ExpositionFormat,
  content: Uint8Array,
  visitor: ExpositionVisitor,
): void {
  const bytes = new Uint8Array(content.length + BODY_SEAL_BYTES);
  bytes.set(content);
  const { end } = sealBody(format, bytes, content.length);
  const parser = format === "text" ? new TextParser() : new OpenMetricsParser();
  parser.load(bytes, end);
  let type: MetricType = "unknown";
  for (let at = 0; at < end || !parser.endIsOptional; at = parser.recordEnd) {
    const kind = parser.parse(at);
    if (kind === RECORD_END) return;
    if (kind === RECORD_SAMPLE) {
      visitor.sample(
        pairsOf(parser, type),
        parser.value,
        parser.hasTimestamp ? parser.timestampMs : undefined,
      );
      continue;
    }
    if (kind !== RECORD_TYPE && kind !== RECORD_HELP && kind !== RECORD_UNIT) continue;
    const family = unescapeLabel(textOf(bytes, parser.nameStart, parser.nameEnd));
    if (kind === RECORD_TYPE) {
      type = parser.type;
      visitor.type?.(family, type);
      continue;
    }
    const text = textOf(bytes, parser.textStart, parser.textEnd);
    if (kind === RECORD_UNIT) visitor.unit?.(family, text);
    else visitor.help?.(family, format === "text" ? unescapeHelp(text) : unescapeLabel(text));
  }
}
