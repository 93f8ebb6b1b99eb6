/**
 * One test of rules in its own time: the rules run at every evaluation interval over series that appear as time goes
 * on, and alerts and expressions are compared with what the test expects. No server and no clock but the test's.
 * Failures are promtool's texts.
 */
import { assert } from "../core/assert.ts";
import { messageOf, UserError } from "../core/errors.ts";
import { type EpochMs, formatDurationMs } from "../core/time.ts";
import { labelsOf, quoteGo } from "../model/labels.ts";
import { createEngine } from "../promql/engine.ts";
import { parseMetricSelector, type ParseOptions } from "../promql/parse.ts";
import type { QueryEngine } from "../promql/result.ts";
import { parseScript } from "../promql/script/commands.ts";
import { ScriptError } from "../promql/script/script_error.ts";
import { publicState } from "../rules/alert.ts";
import { evaluateGroup } from "../rules/evaluate_group.ts";
import type { RuleGroup } from "../rules/rule.ts";
import { type GroupState, NEW_GROUP_STATE, ruleStateOf } from "../rules/state.ts";
import { ruleKeys } from "../rules/rule.ts";
import { vectorOf } from "../rules/vector.ts";
import { formatGoDuration } from "../template/go_time.ts";
import {
  alertsText,
  expectedAlerts,
  pairsOf,
  sameAlerts,
  type ShownAlert,
  sortAlerts,
} from "./alert_check.ts";
import { alertsDiff } from "./alert_diff.ts";
import { dumpText } from "./dump.ts";
import { indented } from "./go_texts.ts";
import { expectedSamples, sameSamples, samplesOf, samplesText } from "./sample_check.ts";
import { type AlertCase, type ExprCase, startMsOf, type TestGroup } from "./test_file.ts";
import { TestSource } from "./test_source.ts";

export interface TestPorts {
  monotonicMs(): number;
  yieldToLoop(): Promise<void>;
  /** Lines of `--debug`. */
  debug?(line: string): void;
}

export interface TestOptions {
  readonly name: string;
  readonly evaluationIntervalMs: number;
  readonly fuzzy: boolean;
  /** Alerts that differ are shown as one text with the differences marked. */
  readonly diff: boolean;
  readonly parse: ParseOptions;
  readonly delayedNameRemoval: boolean;
}

/** As promtool. */
const SAMPLES_MAX = 10_000;
const TIMEOUT_MS = 100_000;
const LOOKBACK_MS = 300_000;

/** Groups in the order of their evaluation. Answers the failures. */
export async function runTest(
  test: TestGroup,
  groups: readonly RuleGroup[],
  options: TestOptions,
  ports: TestPorts,
): Promise<readonly string[]> {
  let source: TestSource;
  try {
    source = sourceOf(test);
  } catch (error) {
    return [messageOf(error)];
  }
  return await new Run(test, groups, options, ports, source).run();
}

/** As promtool: the series are a `load` of a script, which an empty line ends. */
function sourceOf(test: TestGroup): TestSource {
  const series = test.input_series.map(({ series, values }) => `${series} ${values}`.trim());
  const lines = series.flatMap((text) => text.split("\n")).map((line) => line.trim());
  const end = lines.findIndex((line) => line === "" || line.startsWith("#"));
  const own = end < 0 ? lines : lines.slice(0, end);
  own.forEach(checkSeries);
  try {
    const [load] = parseScript(`load ${formatDurationMs(test.interval)}\n${own.join("\n")}`);
    assert(load?.kind === "load");
    return new TestSource(load.series, startMsOf(test), load.stepMs);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    const line = own[error.line - 2];
    const reason = error.message.replace(/^line [0-9]+: /, "");
    throw new UserError("bad_data", `input series ${JSON.stringify(line)}: ${reason}`, { cause: error });
  }
}

/** For the place of a mistake in the labels, which the error of the script would not tell. */
function checkSeries(line: string): void {
  if (!/^[a-zA-Z_:{]/.test(line)) {
    throw new UserError("bad_data", `expected a series and its values, got ${JSON.stringify(line)}`);
  }
  if (/^[a-zA-Z0-9_:]*\s*\{[^}]*$/.test(line)) parseMetricSelector(line);
}

class Run {
  readonly #engine: QueryEngine;
  readonly #startMs: EpochMs;
  readonly #states = new Map<RuleGroup, GroupState>();
  readonly #failures: string[] = [];

  constructor(
    readonly test: TestGroup,
    readonly groups: readonly RuleGroup[],
    readonly options: TestOptions,
    readonly ports: TestPorts,
    readonly source: TestSource,
  ) {
    this.#startMs = startMsOf(test);
    this.#engine = createEngine({
      source,
      clock: ports,
      yieldToLoop: ports.yieldToLoop,
      lookbackMs: LOOKBACK_MS,
      samplesMax: SAMPLES_MAX,
      timeoutMs: TIMEOUT_MS,
      noStepSubqueryIntervalMs: options.evaluationIntervalMs,
      parseOptions: options.parse,
      delayedNameRemoval: options.delayedNameRemoval,
    });
  }

  async run(): Promise<readonly string[]> {
    const { test, options: { evaluationIntervalMs } } = this;
    const nameless = test.alert_rule_test.find(({ alertname }) => alertname === "");
    if (nameless !== undefined) {
      const where = test.name === "" ? "" : ` (in TestGroup ${test.name})`;
      const at = formatDurationMs(nameless.eval_time);
      return [`an item under alert_rule_test misses required attribute alertname at eval_time ${at}${where}`];
    }
    // By time, and at one time as they stand in the file.
    const waiting = test.alert_rule_test.toSorted((a, b) => a.eval_time - b.eval_time);
    let next = 0;
    for (let atMs = 0; atMs <= this.#lastMs(); atMs += evaluationIntervalMs) {
      if (!await this.#evaluate(atMs)) return this.#failures;
      for (; next < waiting.length && waiting[next]!.eval_time < atMs + evaluationIntervalMs; next++) {
        this.#checkAlerts(waiting[next]!);
      }
    }
    for (const one of test.promql_expr_test) await this.#checkExpr(one);
    if (this.ports.debug !== undefined) await this.#dump(this.ports.debug);
    return this.#failures;
  }

  #lastMs(): number {
    const { alert_rule_test, promql_expr_test } = this.test;
    return Math.max(0, ...[...alert_rule_test, ...promql_expr_test].map(({ eval_time }) => eval_time));
  }

  /** Whether every rule could be evaluated: otherwise the test ends here. */
  async #evaluate(atMs: number): Promise<boolean> {
    const { test, source, ports } = this;
    const tsMs = this.#startMs + atMs;
    const refused = source.advance(tsMs);
    if (refused !== undefined) {
      this.#failures.push(refused);
      return true;
    }
    let right = true;
    for (const group of this.groups) {
      const { state, rules } = await evaluateGroup(
        {
          group,
          tsMs,
          settings: {
            externalLabels: labelsOf(test.external_labels),
            externalUrl: test.external_url,
            queryOffsetMs: 0,
          },
          ports: {
            query: async (expr, timeMs) => vectorOf((await this.#engine.instant(expr, timeMs)).value),
            monotonicMs: () => ports.monotonicMs(),
          },
          signal: NEVER,
        },
        this.#states.get(group) ?? NEW_GROUP_STATE,
        {
          append: (sampleMs, samples) => {
            source.append(sampleMs, samples);
            return Promise.resolve();
          },
        },
      );
      this.#states.set(group, state);
      rules.forEach(({ error }, i) => {
        if (error === undefined) return;
        right = false;
        const rule = group.rules[i]!;
        this.#failures.push(`    rule: ${rule.name}, time: ${formatGoDuration(atMs)}, err: ${error}`);
      });
    }
    return right;
  }

  #checkAlerts(wanted: AlertCase): void {
    const { test, options } = this;
    const expected = expectedAlerts(wanted);
    const got = sortAlerts(this.#firing(wanted.alertname));
    if (sameAlerts(expected, got)) return;
    const name = test.name === "" ? "" : `    name: ${test.name},\n`;
    const head = `${name}    alertname: ${wanted.alertname}, time: ${formatDurationMs(wanted.eval_time)}, \n`;
    const shown = (alerts: readonly ShownAlert[]) => indented(alertsText(alerts), " ".repeat(12));
    this.#failures.push(
      options.diff
        ? `${head}        diff: ${indented(alertsDiff(expected, got), " ".repeat(12))}`
        : `${head}        exp:${shown(expected)}, \n        got:${shown(got)}`,
    );
  }

  /** Of every rule of that name. */
  #firing(alertName: string): readonly ShownAlert[] {
    return this.groups.flatMap((group) => {
      const state = this.#states.get(group) ?? NEW_GROUP_STATE;
      const keys = ruleKeys(group.rules);
      return group.rules.flatMap((rule, i) => {
        if (rule.kind !== "alerting" || rule.name !== alertName) return [];
        return [...ruleStateOf(state, keys[i]!).alerts.values()]
          .filter(({ phase }) => publicState(phase) === "firing")
          .map(({ labels, annotations }) => ({ labels, annotations: pairsOf(annotations) }));
      });
    });
  }

  async #checkExpr({ expr, eval_time, exp_samples }: ExprCase): Promise<void> {
    const head = `    expr: ${quoteGo(expr)}, time: ${formatDurationMs(eval_time)},`;
    try {
      const { value } = await this.#engine.instant(expr, this.#startMs + eval_time);
      const got = samplesOf(vectorOf(value));
      const expected = expectedSamples(exp_samples);
      if (sameSamples(expected, got, this.options.fuzzy)) return;
      this.#failures.push(`${head}\n        exp: ${samplesText(expected)}\n        got: ${samplesText(got)}`);
    } catch (error) {
      this.#failures.push(`${head} err: ${messageOf(error)}`);
    }
  }

  /** All that the test holds in the end; rounded up, as expressions know whole seconds. */
  async #dump(debug: (line: string) => void): Promise<void> {
    const untilMs = (Math.floor(this.#lastMs() / 1000) + 1) * 1000;
    // A range does not hold its beginning, where the first values are.
    const expr = `{__name__=~".+"}[${formatDurationMs(untilMs + 1)}]`;
    try {
      const { value } = await this.#engine.instant(expr, this.#startMs + untilMs);
      debug(`DEBUG: Dump of all data (input_series and rules) at ${formatGoDuration(untilMs)}:`);
      debug(dumpText(value));
    } catch (error) {
      debug(`DEBUG: Failed query exec, expr: ${quoteGo(expr)}, err: ${messageOf(error)}`);
    }
  }
}

const NEVER = new AbortController().signal;
