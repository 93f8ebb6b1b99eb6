/** A series line: labels, then values. `metric{l="v"} 1 2 3`; with `@st` the start timestamps of the next line. */
import { type Labels, labelsKey, labelsOf } from "../../model/labels.ts";
import { parseMetricSelector } from "../parse.ts";
import { parseOffsets } from "./offsets.ts";
import { parseSequence, type SequenceValue } from "./sequence.ts";

export interface SeriesLine {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
  /** When each sample began to be counted, relative to its own time; undefined for a sample without. */
  readonly startOffsetsMs?: readonly (number | undefined)[];
}

const START_TIMES = /^@st(?:\s|$)/;

/** The end of the labels: after the braces, or after the bare name. Quoted text may hold braces. */
function labelsEnd(line: string): number {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0].length ?? 0;
  if (line[name] !== "{") return name;
  let quote = "";
  for (let i = name + 1; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== "") {
      if (char === "\\" && quote !== "`") i++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'" || char === "`") quote = char;
    else if (char === "}") return i + 1;
  }
  throw new Error("expected } to close the labels");
}

export function isStartTimesLine(line: string): boolean {
  const end = labelsEnd(line);
  return START_TIMES.test(line.slice(end));
}

export function parseSeriesLine(line: string): SeriesLine {
  const end = labelsEnd(line);
  return { labels: parseLabels(line.slice(0, end)), values: parseSequence(line.slice(end)) };
}

function parseLabels(text: string): Labels {
  const matchers = text === "" ? [] : parseMetricSelector(text);
  for (const { op, name } of matchers) {
    if (op !== "=") throw new Error(`expected = after the label ${name}, got ${op}`);
  }
  return labelsOf(matchers.map(({ name, value }) => [name, value]));
}

export interface StartTimesLine {
  readonly labels: Labels;
  readonly offsetsMs: readonly (number | undefined)[];
}

export function parseStartTimesLine(line: string): StartTimesLine {
  const end = labelsEnd(line);
  const text = line.slice(end).replace(START_TIMES, "");
  return { labels: parseLabels(line.slice(0, end)), offsetsMs: parseOffsets(text) };
}

/** The series with the start times of the line above it. */
export function withStartTimes(series: SeriesLine, times: StartTimesLine): SeriesLine {
  if (labelsKey(times.labels) !== labelsKey(series.labels)) {
    throw new Error("expected the series that the @st line above names");
  }
  if (times.offsetsMs.length !== series.values.length) {
    throw new Error(
      `expected ${times.offsetsMs.length} values as in the @st line above, got ${series.values.length}`,
    );
  }
  return { ...series, startOffsetsMs: times.offsetsMs };
}
