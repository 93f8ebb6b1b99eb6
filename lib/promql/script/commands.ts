/**
 * Scripts of the promqltest language as commands. A script is split into lines, comments become blank, a blank line
 * ends a command. What a command does is the runner's.
 */
import { parseDurationMs } from "../../core/time.ts";
import type { EpochMs } from "../../core/time.ts";
import { type Expectations, parseExpectations } from "./expectations.ts";
import { ScriptError } from "./script_error.ts";
import {
  isStartTimesLine,
  parseSeriesLine,
  parseStartTimesLine,
  type SeriesLine,
  type StartTimesLine,
  withStartTimes,
} from "./series_line.ts";

export type EvalTime =
  | { readonly kind: "instant"; readonly tMs: EpochMs }
  | { readonly kind: "range"; readonly startMs: EpochMs; readonly endMs: EpochMs; readonly stepMs: number };

export type Command =
  | { readonly kind: "clear"; readonly line: number }
  | {
    readonly kind: "load";
    readonly line: number;
    readonly stepMs: number;
    readonly withNhcb: boolean;
    readonly series: readonly SeriesLine[];
  }
  | {
    readonly kind: "eval";
    readonly line: number;
    readonly query: string;
    readonly time: EvalTime;
    readonly expected: Expectations;
  };

const LOAD = /^load(?:_(with_nhcb))?\s+(.+?)$/;
const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;

interface Line {
  readonly number: number;
  readonly text: string;
}

/** Throws a `ScriptError` with the line of the first mistake. */
export function parseScript(text: string): readonly Command[] {
  return blocksOf(text).map(commandOf);
}

function blocksOf(text: string): readonly (readonly Line[])[] {
  const blocks: Line[][] = [];
  let block: Line[] = [];
  text.split("\n").forEach((raw, index) => {
    const trimmed = raw.trim();
    if (trimmed === "" || trimmed.startsWith("#")) {
      if (block.length > 0) blocks.push(block);
      block = [];
    } else {
      block.push({ number: index + 1, text: trimmed });
    }
  });
  if (block.length > 0) blocks.push(block);
  return blocks.flatMap(splitClears);
}

/** `clear` ends by itself: what follows on the next line is another command. */
function splitClears(block: readonly Line[]): readonly (readonly Line[])[] {
  if (block.length === 1 || block[0]!.text !== "clear") return [block];
  return [[block[0]!], ...splitClears(block.slice(1))];
}

function commandOf(lines: readonly Line[]): Command {
  const { number: line, text } = lines[0]!;
  if (text === "clear") return { kind: "clear", line };
  if (text.startsWith("load")) return loadOf(lines);
  if (text.startsWith("eval")) return evalOf(lines);
  throw new ScriptError(line, `expected clear, load or eval, got ${JSON.stringify(text)}`);
}

function loadOf(lines: readonly Line[]): Command {
  const { number: line, text } = lines[0]!;
  const match = LOAD.exec(text);
  if (match === null) throw new ScriptError(line, `expected load <step>, got ${JSON.stringify(text)}`);
  const series: SeriesLine[] = [];
  let times: StartTimesLine | undefined;
  for (const { number, text } of lines.slice(1)) {
    inLine(number, () => {
      if (isStartTimesLine(text)) {
        times = parseStartTimesLine(text);
        return;
      }
      const parsed = parseSeriesLine(text);
      series.push(times === undefined ? parsed : withStartTimes(parsed, times));
      times = undefined;
    });
  }
  return { kind: "load", line, stepMs: duration(line, match[2]!), withNhcb: match[1] !== undefined, series };
}

function evalOf(lines: readonly Line[]): Command {
  const { number: line, text } = lines[0]!;
  const instant = INSTANT.exec(text);
  const range = RANGE.exec(text);
  const rest = lines.slice(1);
  if (instant !== null) {
    const expected = parseExpectations(instant[1], rest, "instant");
    const tMs = expected.rangeVector?.endMs ?? (instant[2] === undefined ? 0 : duration(line, instant[2]));
    return { kind: "eval", line, query: instant[3]!, time: { kind: "instant", tMs }, expected };
  }
  if (range !== null) {
    return {
      kind: "eval",
      line,
      query: range[5]!,
      time: {
        kind: "range",
        startMs: duration(line, range[2]!),
        endMs: duration(line, range[3]!),
        stepMs: duration(line, range[4]!),
      },
      expected: parseExpectations(range[1], rest, "range"),
    };
  }
  throw new ScriptError(line, `expected eval instant or eval range, got ${JSON.stringify(text)}`);
}

export function inLine<T>(line: number, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ScriptError) throw error;
    throw new ScriptError(line, error instanceof Error ? error.message : String(error));
  }
}

export function duration(line: number, text: string): number {
  const isNegative = text.startsWith("-");
  const ms = parseDurationMs(isNegative ? text.slice(1) : text);
  if (ms === undefined) throw new ScriptError(line, `expected a duration, got ${JSON.stringify(text)}`);
  return isNegative ? -ms : ms;
}
