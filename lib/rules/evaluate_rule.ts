/**
 * One rule at one moment: its expression asked, its answer turned into samples and transitions, and the series that
 * ended marked. As Prometheus: a rule that fails writes nothing, not even markers, and keeps its alerts as they were.
 */
import { messageOf, UserError } from "../core/errors.ts";
import type { EpochMs } from "../core/time.ts";
import { histogramAt } from "../model/histogram_cell.ts";
import { compareUtf8, type Labels, labelsKey, METRIC_NAME } from "../model/labels.ts";
import { setStale, wordsOf } from "../model/stale.ts";
import { type AlertTable, type AlertTransition, NO_ALERTS } from "./alert.ts";
import { alertSamples } from "./alert_series.ts";
import { clearAlerts, type FoundAlert, stepAlerts } from "./alert_step.ts";
import { AlertExpander } from "./expand.ts";
import type { EvaluationPorts, EvaluationSettings } from "./ports.ts";
import { overlaid, record } from "./recording.ts";
import { ALERT_NAME, type AlertingRule, type Rule, type RuleLabels } from "./rule.ts";
import type { RuleState } from "./state.ts";
import { joined, NO_VECTOR, type RuleVector } from "./vector.ts";

export interface RuleMoment {
  readonly rule: Rule;
  /** 0: none. */
  readonly limit: number;
  readonly tsMs: EpochMs;
  /** Of the data, and of the samples made. */
  readonly sampleMs: EpochMs;
  /** Until then an alert of an earlier life is not taken for ended, whatever its expression answers. */
  readonly settledMs: EpochMs;
  readonly settings: EvaluationSettings;
  readonly ports: EvaluationPorts;
  readonly signal: AbortSignal;
}

/** What became of one rule. */
export interface RuleEvaluation {
  readonly key: string;
  /** Of its alerts, in order; already in `state`. */
  readonly transitions: readonly AlertTransition[];
  readonly state: RuleState;
  /** Samples, and markers of series that ended. Empty after a failure. */
  readonly written: RuleVector;
  /** Undefined: it did not fail. */
  readonly error: string | undefined;
}

interface Outcome {
  readonly alerts: AlertTable;
  readonly transitions: readonly AlertTransition[];
  readonly unmatched: ReadonlySet<string>;
  readonly vector: RuleVector;
  readonly series: ReadonlyMap<string, Labels>;
  readonly error: string | undefined;
}

/** Rejects only when the signal is aborted. */
export async function evaluateRule(
  moment: RuleMoment,
  state: RuleState,
  key: string,
): Promise<RuleEvaluation> {
  const { rule, tsMs, ports, signal } = moment;
  const fromMs = ports.monotonicMs();
  let outcome: Outcome;
  try {
    outcome = rule.kind === "recording"
      ? await recordRule(moment, state)
      : await alertRule(moment, rule, state);
  } catch (error) {
    signal.throwIfAborted();
    outcome = failed(state, messageOf(error));
  }
  const { error, alerts, transitions, unmatched, vector, series } = outcome;
  return {
    key,
    transitions,
    error,
    written: error === undefined ? joined([vector, endedSince(state.series, series)]) : NO_VECTOR,
    state: {
      ...state,
      alerts,
      unmatched,
      series,
      health: error === undefined ? "ok" : "err",
      lastError: error ?? "",
      evaluatedMs: tsMs,
      tookMs: ports.monotonicMs() - fromMs,
      samples: error === undefined ? vector.labels.length : 0,
    },
  };
}

function failed({ alerts, unmatched, series }: RuleState, error: string): Outcome {
  return { alerts, transitions: [], unmatched, vector: NO_VECTOR, series, error };
}

async function recordRule(moment: RuleMoment, state: RuleState): Promise<Outcome> {
  const { rule, sampleMs, ports, signal, limit } = moment;
  if (rule.kind !== "recording") throw new TypeError("not a recording rule");
  const answer = await ports.query(rule.expr, sampleMs, signal, rule);
  return { ...failed(state, ""), ...record(rule, answer, limit), error: undefined };
}

async function alertRule(moment: RuleMoment, rule: AlertingRule, state: RuleState): Promise<Outcome> {
  const { tsMs, sampleMs, ports, signal, limit } = moment;
  const answer = await ports.query(rule.expr, sampleMs, signal, rule);
  const found = await foundAlerts(moment, rule, answer);
  const unmatched = stillUnmatched(moment, state, found);
  const step = stepAlerts(rule, state.alerts, found, tsMs, unmatched);
  if (limit > 0 && step.active > limit) {
    return {
      ...failed(state, `exceeded limit of ${limit} with ${step.active} alerts`),
      alerts: NO_ALERTS,
      transitions: clearAlerts(state.alerts, tsMs, "limitExceeded"),
      unmatched: NO_KEYS,
    };
  }
  const vector = state.restored ? alertSamples(step.alerts) : NO_VECTOR;
  const series = new Map(vector.labels.map((labels) => [labelsKey(labels), labels] as const));
  return { alerts: step.alerts, transitions: step.transitions, unmatched, vector, series, error: undefined };
}

const NO_KEYS: ReadonlySet<string> = new Set();

function stillUnmatched(
  { tsMs, settledMs }: RuleMoment,
  { unmatched }: RuleState,
  found: readonly FoundAlert[],
): ReadonlySet<string> {
  if (unmatched.size === 0 || tsMs >= settledMs) return NO_KEYS;
  const left = new Set(unmatched);
  for (const { labels } of found) left.delete(labelsKey(labels));
  return left;
}

/** What the expression answers, as alerts. Throws where two of them would be one. */
async function foundAlerts(
  { tsMs, settings, ports, signal }: RuleMoment,
  rule: AlertingRule,
  answer: RuleVector,
): Promise<readonly FoundAlert[]> {
  const expander = new AlertExpander(rule, {
    query: (expr) => ports.query(expr, tsMs, signal),
    tMs: tsMs,
    externalLabels: settings.externalLabels,
    externalUrl: settings.externalUrl,
    signal,
  });
  const words = wordsOf(answer.values);
  const found: FoundAlert[] = [];
  const seen = new Set<string>();
  let overlay = expander.constant === undefined ? undefined : overlayOf(rule, expander.constant.labels);
  for (let i = 0; i < answer.labels.length; i++) {
    const expansion = expander.constant ?? await expander.expand(answer, i);
    if (expander.constant === undefined) overlay = overlayOf(rule, expansion.labels);
    const labels = overlaid(answer.labels[i]!, overlay!);
    const key = labelsKey(labels);
    if (seen.has(key)) {
      throw new UserError(
        "execution",
        "vector contains metrics with the same labelset after applying alert labels",
      );
    }
    seen.add(key);
    // As Prometheus: the value of a histogram is 0 wherever a number is shown.
    const value = histogramAt(words, i, answer.histograms) === undefined ? answer.values[i]! : 0;
    found.push({ labels, annotations: expansion.annotations, value });
  }
  for (const reason of expander.failures) ports.templateFailed?.(rule.name, reason);
  return found;
}

/** What is set over the labels of the series: its name goes, the rule's labels and the alert's name come. */
function overlayOf(rule: AlertingRule, labels: RuleLabels): RuleLabels {
  const byName = new Map<string, string>([[METRIC_NAME, ""], ...labels, [ALERT_NAME, rule.name]]);
  return [...byName].sort(([a], [b]) => compareUtf8(a, b));
}

/** Markers for series that were there before and are not now. */
function endedSince(
  before: ReadonlyMap<string, Labels>,
  now: ReadonlyMap<string, Labels>,
): RuleVector {
  const ended: Labels[] = [];
  for (const [key, labels] of before) if (!now.has(key)) ended.push(labels);
  return markersOf(ended);
}

export function markersOf(ended: readonly Labels[]): RuleVector {
  if (ended.length === 0) return NO_VECTOR;
  const values = new Float64Array(ended.length);
  const words = wordsOf(values);
  for (let i = 0; i < ended.length; i++) setStale(words, i);
  return { labels: ended, values };
}
