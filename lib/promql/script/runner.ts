/**
 * Runs scripts of the promqltest language. As the original does, each instant eval also runs as the middle step of
 * a range query, and with `@` modifiers at other times; it passes only if all of them give what is expected.
 */
import { assertNever } from "../../core/assert.ts";
import { messageOf } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { isAbsent, wordsOf } from "../../model/stale.ts";
import { createEngine } from "../engine.ts";
import { JoinedTables } from "../joined_tables.ts";
import { ALL_PARSE_OPTIONS, parseExpr, printExpr } from "../parse.ts";
import type { QueryEngine, QueryResult } from "../result.ts";
import { type Command, type EvalTime, inLine, parseScript } from "./commands.ts";
import { compareAnnotations, compareInstant, compareMatrix, compareVector } from "./compare.ts";
import { floatsEqual } from "./compare_histogram.ts";
import { loadCustomHistograms } from "./custom_histograms.ts";
import { matchesText } from "./expectations.ts";
import { loadSeries } from "./load_series.ts";
import { MemorySource, type ScriptSource } from "./memory_source.ts";
import { fixedAt, timesToTry } from "./variants.ts";

export interface ScriptPorts {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly yieldToLoop: () => Promise<void>;
}

export interface EvalFailure {
  readonly line: number;
  readonly query: string;
  readonly reason: string;
}

export interface ScriptReport {
  readonly passed: number;
  readonly failures: readonly EvalFailure[];
}

type EvalCommand = Extract<Command, { kind: "eval" }>;

/** Throws a `ScriptError` for a script that cannot be read. */
export async function runScript(
  text: string,
  ports: ScriptPorts,
  source: ScriptSource = new MemorySource(),
): Promise<ScriptReport> {
  const engine = engineOver(source, ports);
  const failures: EvalFailure[] = [];
  let passed = 0;
  for (const command of parseScript(text)) {
    switch (command.kind) {
      case "clear":
        source.clear();
        break;
      case "load":
        for (const series of command.series) loadSeries(source, series, command.stepMs);
        if (command.withNhcb) {
          inLine(command.line, () => loadCustomHistograms(source, command.series, command.stepMs));
        }
        break;
      case "eval": {
        const reason = await evaluate(engine, command);
        if (reason === undefined) passed++;
        else failures.push({ line: command.line, query: command.query, reason });
        break;
      }
      default:
        assertNever(command);
    }
  }
  return { passed, failures };
}

/** The settings that scripts are written for. */
function engineOver(source: ScriptSource, ports: ScriptPorts): QueryEngine {
  return createEngine({
    source,
    clock: ports.clock,
    yieldToLoop: ports.yieldToLoop,
    lookbackMs: 300_000,
    samplesMax: 10_000,
    timeoutMs: 100_000,
    noStepSubqueryIntervalMs: 60_000,
    parseOptions: ALL_PARSE_OPTIONS,
    delayedNameRemoval: true,
    usesStartTimes: true,
  });
}

/** Why an eval failed; undefined when it passed. */
async function evaluate(engine: QueryEngine, command: EvalCommand): Promise<string | undefined> {
  const { time, query } = command;
  if (time.kind === "range") return await evaluateRange(engine, command, time);
  const variants: { query: string; tMs: number }[] = [{ query, tMs: time.tMs }];
  try {
    const fixed = fixedAt(parseExpr(query, ALL_PARSE_OPTIONS), time.tMs);
    if (fixed !== undefined) {
      const printed = printExpr(fixed);
      for (const tMs of timesToTry(time.tMs)) variants.push({ query: printed, tMs });
    }
  } catch {
    // A query that does not parse has one form only; running it below gives the error.
  }
  for (const variant of variants) {
    const reason = await evaluateInstant(engine, command, variant.query, variant.tMs);
    if (reason !== undefined) {
      return variant.query === query ? reason : `as ${variant.query} at ${variant.tMs} ms: ${reason}`;
    }
  }
  return undefined;
}

type Outcome = { readonly result: QueryResult } | { readonly error: string };

async function outcomeOf(query: Promise<QueryResult>): Promise<Outcome> {
  try {
    return { result: await query };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function compareFailure(command: EvalCommand, outcome: Outcome): { settled: boolean; reason?: string } {
  const { fail } = command.expected;
  if ("error" in outcome) {
    if (fail === undefined) return { settled: true, reason: outcome.error };
    if (matchesText(fail, outcome.error)) return { settled: true };
    const wanted = fail.kind === "text" ? fail.text : fail.kind === "regex" ? String(fail.regex) : "";
    return { settled: true, reason: `expected the error ${wanted}, got ${outcome.error}` };
  }
  return fail === undefined
    ? { settled: false }
    : { settled: true, reason: "expected an error, got a result" };
}

async function evaluateInstant(
  engine: QueryEngine,
  command: EvalCommand,
  query: string,
  tMs: number,
): Promise<string | undefined> {
  const { expected } = command;
  const outcome = await outcomeOf(engine.instant(query, tMs));
  const failure = compareFailure(command, outcome);
  if (failure.settled || !("result" in outcome)) return failure.reason;
  const { result } = outcome;
  const reason = compareAnnotations(expected, result) ?? compareInstant(expected, result.value);
  if (reason !== undefined) return reason;
  if (/(?:start|end|range|step)\(\)/.test(query)) return undefined;
  if (expected.string !== undefined || expected.rangeVector !== undefined) return undefined;
  return await compareMiddle(engine, command, query, tMs);
}

const MINUTE_MS = 60_000;

async function compareMiddle(
  engine: QueryEngine,
  command: EvalCommand,
  query: string,
  tMs: number,
): Promise<string | undefined> {
  const { expected } = command;
  const range = { startMs: tMs - MINUTE_MS, endMs: tMs + MINUTE_MS, stepMs: MINUTE_MS };
  const outcome = await outcomeOf(engine.range(query, range));
  if ("error" in outcome) return `as a range query: ${outcome.error}`;
  if (expected.ordered) return undefined;
  const { value } = outcome.result;
  if (value.kind !== "matrix") return `as a range query: expected a matrix, got a ${value.kind}`;
  const labels = [];
  const cells: Float64Array[] = [];
  const tables = new JoinedTables(); // series of a range may have tables of their own
  for (const series of value.series) {
    if (isAbsent(wordsOf(series.values.slice()), 1)) continue;
    labels.push(series.labels);
    const cell = series.values.slice(1, 2);
    if (series.histograms !== undefined) tables.add(wordsOf(cell), 1, series.histograms);
    cells.push(cell);
  }
  const values = new Float64Array(cells.length);
  cells.forEach((cell, i) => values.set(cell, i));
  if (expected.scalar !== undefined) {
    const got = values[0] ?? NaN;
    return floatsEqual(expected.scalar, got)
      ? undefined
      : `as a range query: expected ${expected.scalar}, got ${got}`;
  }
  const reason = compareVector(expected, labels, values, tables.table);
  return reason === undefined ? undefined : `as a range query: ${reason}`;
}

async function evaluateRange(
  engine: QueryEngine,
  command: EvalCommand,
  time: Extract<EvalTime, { kind: "range" }>,
): Promise<string | undefined> {
  const outcome = await outcomeOf(engine.range(command.query, time));
  const failure = compareFailure(command, outcome);
  if (failure.settled || !("result" in outcome)) return failure.reason;
  return compareAnnotations(command.expected, outcome.result) ??
    compareMatrix(command.expected, outcome.result.value, time);
}
