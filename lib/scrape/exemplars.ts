/**
 * The exemplars of a scrape. Only lines that were parsed are looked at: one that is byte for byte the same as in the
 * last body has the exemplar that storage has already.
 */
import type { EpochMs } from "../core/time.ts";
import type { Body, BodyReader } from "../exposition/body_reader.ts";
import type { LineTable } from "../exposition/line_table.ts";
import type { ProtoBody } from "../exposition/proto_body.ts";
import type { RecordParser } from "../exposition/record.ts";
import { textOf, unescapeLabel } from "../exposition/series_labels.ts";
import type { BatchExemplar } from "../model/batch.ts";
import { type Labels, labelsOf } from "../model/labels.ts";
import { SERIES_DROPPED, SERIES_KNOWN, SERIES_PENDING, type SeriesTable } from "./series_table.ts";

/** After the samples were emitted, so that every series has its reference. `tMs` stands where a line has no time. */
export function exemplarsOf(
  reader: BodyReader,
  body: Body,
  series: SeriesTable,
  tMs: EpochMs,
): readonly BatchExemplar[] | undefined {
  const { exemplarLines, lines } = reader;
  if (exemplarLines.length === 0) return undefined;
  const parser = reader.parserOf(body.format);
  parser.load(body.bytes, body.end);
  const found: BatchExemplar[] = [];
  for (const line of exemplarLines) {
    const slot = lines.slot[line]!;
    if (slot < 0 || (series.flags[slot]! & SERIES_DROPPED) !== 0) continue;
    if ((series.flags[slot]! & (SERIES_KNOWN | SERIES_PENDING)) === 0) continue;
    parser.parse(lines.start[line]!);
    const hasTime = !Number.isNaN(parser.exemplarMs);
    found.push({
      ref: series.ref[slot]!,
      labels: labelsIn(parser),
      value: parser.exemplarValue[0]!,
      tMs: hasTime ? parser.exemplarMs : tMs,
      hasTime,
    });
  }
  return found.length === 0 ? undefined : found;
}

/** Those of a protobuf body, all of them: storage knows which it has. */
export function protoExemplarsOf(
  { exemplars }: ProtoBody,
  lines: LineTable,
  series: SeriesTable,
  tMs: EpochMs,
): readonly BatchExemplar[] | undefined {
  const found: BatchExemplar[] = [];
  for (const { line, labels, value, hasTime, tMs: ownMs } of exemplars) {
    const slot = lines.slot[line]!;
    if (slot < 0 || (series.flags[slot]! & SERIES_DROPPED) !== 0) continue;
    if ((series.flags[slot]! & (SERIES_KNOWN | SERIES_PENDING)) === 0) continue;
    found.push({ ref: series.ref[slot]!, labels, value, hasTime, tMs: ownMs === 0 ? tMs : ownMs });
  }
  return found.length === 0 ? undefined : found;
}

function labelsIn({ bytes, exemplarOffsets }: RecordParser): Labels {
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i < exemplarOffsets.length; i += 4) {
    const name = textOf(bytes, exemplarOffsets[i]!, exemplarOffsets[i + 1]!);
    const value = textOf(bytes, exemplarOffsets[i + 2]!, exemplarOffsets[i + 3]!);
    pairs.push([unescapeLabel(name), unescapeLabel(value)]);
  }
  return labelsOf(pairs);
}
