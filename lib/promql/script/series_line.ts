/** A series line: labels, then values. `metric{l="v"} 1 2 3`; with `@st` the start timestamps of the next line. */
import { type Labels, labelsOf } from "../../model/labels.ts";
import { parseMetricSelector } from "../parse.ts";
import { parseSequence, type SequenceValue } from "./sequence.ts";

export interface SeriesLine {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
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
  const matchers = end === 0 ? [] : parseMetricSelector(line.slice(0, end));
  for (const { op, name } of matchers) {
    if (op !== "=") throw new Error(`expected = after the label ${name}, got ${op}`);
  }
  return {
    labels: labelsOf(matchers.map(({ name, value }) => [name, value])),
    values: parseSequence(line.slice(end)),
  };
}
