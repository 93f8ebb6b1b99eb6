/** `query`, `query_range`, `format_query`, `parse_query`, `query_exemplars` and `narthex/explain`. */
import { UserError } from "../core/errors.ts";
import { formatSampleValue } from "../model/float.ts";
import type { ExemplarSeries } from "../model/exemplar.ts";
import { exprToJson } from "../promql/ast_json.ts";
import { parseExpr, prettyExpr } from "../promql/parse.ts";
import { explainPlan } from "../promql/plan/explain.ts";
import { planOf } from "../promql/plan/plan.ts";
import { printExpr } from "../promql/printer.ts";
import { selectorsOf } from "../promql/selectors.ts";
import type { QueryOptions, QueryResult, QueryValue } from "../promql/result.ts";
import { badData, invalidParameter } from "./errors.ts";
import { quoteJson } from "./json_writer.ts";
import {
  durationParam,
  limitParam,
  optionalDurationParam,
  optionalTimeParam,
  type Params,
  rangeParam,
  timeParam,
} from "./params.ts";
import { labelsJson, writeResultJson } from "./query_json.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import { parseApiDurationMs } from "./times.ts";

/** As Prometheus: enough for a minute's resolution over a week, or an hour's over a year. */
export const RANGE_STEPS_MAX = 11_000;
/** As Prometheus: of warnings, and of infos. */
const ANNOTATIONS_MAX = 10;
export const TRUNCATED_WARNING = "results truncated due to limit";

export async function query(call: Call): Promise<Reply> {
  const params = await call.params();
  const limit = limitParam(params);
  const timeMs = optionalTimeParam(params, "time", call.nowMs);
  const options = queryOptions(params, call);
  const startMs = call.deps.clock.monotonicMs();
  const result = await namingQuery(() => call.deps.engine.instant(params.get("query"), timeMs, options));
  return resultReply(result, { limit, params, totalMs: call.deps.clock.monotonicMs() - startMs });
}

export async function queryRange(call: Call): Promise<Reply> {
  const params = await call.params();
  const limit = limitParam(params);
  const startMs = timeParam(params, "start");
  const endMs = timeParam(params, "end");
  if (endMs < startMs) throw invalidParameter("end", "end timestamp must not be before start time");
  const stepMs = durationParam(params, "step");
  if (stepMs <= 0) {
    throw invalidParameter(
      "step",
      "zero or negative query resolution step widths are not accepted. Try a positive integer",
    );
  }
  if (Math.floor((endMs - startMs) / stepMs) > RANGE_STEPS_MAX) {
    throw badData(
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    );
  }
  const options = queryOptions(params, call);
  const beganMs = call.deps.clock.monotonicMs();
  const range = { startMs, endMs, stepMs };
  const result = await namingQuery(() => call.deps.engine.range(params.get("query"), range, options));
  return resultReply(result, { limit, params, totalMs: call.deps.clock.monotonicMs() - beganMs });
}

export async function formatQuery(call: Call): Promise<Reply> {
  const params = await call.params();
  const text = await namingQuery(() =>
    Promise.resolve(prettyExpr(parseExpr(params.get("query"), call.deps.parse)))
  );
  return jsonReply(quoteJson(text));
}

/** The syntax tree, as the explain view of Prometheus's page reads it. */
export async function parseQuery(call: Call): Promise<Reply> {
  const params = await call.params();
  const expr = await namingQuery(() => Promise.resolve(parseExpr(params.get("query"), call.deps.parse)));
  return jsonReply(JSON.stringify(exprToJson(expr)));
}

/** Narthex's own: the query as it is run, and its plan, a line a node. Nothing is evaluated. */
export async function explainQuery(call: Call): Promise<Reply> {
  const params = await call.params();
  const expr = await namingQuery(() => Promise.resolve(parseExpr(params.get("query"), call.deps.parse)));
  const plan = planOf(expr);
  const lines = explainPlan(plan).split("\n").map((line) => quoteJson(line));
  return jsonReply(`{"query":${quoteJson(printExpr(plan.expr))},"plan":[${lines.join(",")}]}`);
}

/** Of all series that any selector of the query names, by series. */
export async function queryExemplars(call: Call): Promise<Reply> {
  const params = await call.params();
  const { startMs, endMs } = rangeParam(params);
  if (endMs < startMs) throw badData("end timestamp must not be before start timestamp");
  const selectors = selectorsOf(parseExpr(params.get("query"), call.deps.parse));
  // As Prometheus: a query that selects nothing has nothing to answer.
  if (selectors.length === 0) return { status: 204 };
  const sets = selectors.map(({ matchers }) => matchers);
  const found = await call.deps.exemplars(sets, { startMs, endMs });
  return jsonReply(`[${found.map(exemplarSeriesJson).join(",")}]`);
}

function exemplarSeriesJson({ labels, exemplars }: ExemplarSeries): string {
  const rows = exemplars.map((exemplar) =>
    `{"labels":${labelsJson(exemplar.labels)},"value":"${formatSampleValue(exemplar.value)}",` +
    `"timestamp":${exemplar.tMs / 1000}}`
  );
  return `{"seriesLabels":${labelsJson(labels)},"exemplars":[${rows.join(",")}]}`;
}

function queryOptions(params: Params, { signal, request, url, remoteAddress }: Call): QueryOptions {
  const timeoutMs = optionalDurationParam(params, "timeout");
  const lookbackMs = lookbackParam(params);
  const clientIp = remoteAddress.slice(0, remoteAddress.lastIndexOf(":"));
  return {
    signal,
    origin: { kind: "http", clientIp, method: request.method, path: url.pathname },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(lookbackMs === undefined ? {} : { lookbackMs }),
    ...(params.get("stats") === "all" ? { countsSteps: true } : {}),
  };
}

function lookbackParam(params: Params): number | undefined {
  const text = params.get("lookback_delta");
  if (text === "") return undefined;
  try {
    return parseApiDurationMs(text);
  } catch (error) {
    if (error instanceof UserError) throw badData(`error parsing lookback delta duration: ${error.message}`);
    throw error;
  }
}

/** A query that does not parse is a bad parameter; what fails while it runs speaks for itself. */
async function namingQuery<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UserError && error.code === "bad_data") {
      throw invalidParameter("query", error.message);
    }
    throw error;
  }
}

function resultReply(
  result: QueryResult,
  options: { readonly limit: number; readonly params: Params; readonly totalMs: number },
): Reply {
  const { value, truncated } = truncate(result.value, options.limit);
  const warnings = shortened(result.warnings, "warning");
  const body = writeResultJson({ ...result, value, infos: shortened(result.infos, "info") }, {
    warnings: truncated ? [...warnings, TRUNCATED_WARNING] : warnings,
    stats: options.params.get("stats") === "" ? undefined : result.stats,
    totalMs: options.totalMs,
  });
  return { status: 200, contentType: "application/json", body };
}

/** Of a vector and a matrix: the first `limit` series. */
function truncate(
  value: QueryValue,
  limit: number,
): { readonly value: QueryValue; readonly truncated: boolean } {
  if (limit > 0 && value.kind === "vector" && value.labels.length > limit) {
    const { labels, values } = value;
    return {
      value: { ...value, labels: labels.slice(0, limit), values: values.subarray(0, limit) },
      truncated: true,
    };
  }
  if (limit > 0 && value.kind === "matrix" && value.series.length > limit) {
    return { value: { kind: "matrix", series: value.series.slice(0, limit) }, truncated: true };
  }
  return { value, truncated: false };
}

function shortened(texts: readonly string[], what: "warning" | "info"): readonly string[] {
  if (texts.length <= ANNOTATIONS_MAX) return texts;
  const omitted = texts.length - ANNOTATIONS_MAX;
  return [...texts.slice(0, ANNOTATIONS_MAX), `${omitted} more ${what} annotations omitted`];
}
