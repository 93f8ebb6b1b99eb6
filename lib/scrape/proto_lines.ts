/** Gives the lines of a protobuf body what has no form in text: their times, and the histograms that they stand for. */
import type { LineTable } from "../exposition/line_table.ts";
import type { ProtoBody } from "../exposition/proto_body.ts";
import { setHistogram } from "../model/histogram_cell.ts";
import { wordsOf } from "../model/stale.ts";

/** `lines`: of the body's text, as just read. Times that were taken over from the last body do not count. */
export function completeLines(lines: LineTable, { histogramLines, times }: ProtoBody): void {
  lines.hasTimes = false;
  for (const { line, tMs } of times) lines.setTime(line, tMs);
  const words = wordsOf(lines.values);
  for (let i = 0; i < histogramLines.length; i++) setHistogram(words, histogramLines[i]!, i);
}
