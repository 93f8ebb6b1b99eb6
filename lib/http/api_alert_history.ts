/**
 * `narthex/alerts/history` and `narthex/alerts/at`: what happened to alerts, and how they stood at a time, from the
 * journal of their transitions. Prometheus has no such thing.
 */
import type { EpochMs } from "../core/time.ts";
import { causeText } from "../rules/alert.ts";
import type { AlertHistoryEntry } from "../rules/view.ts";
import { TRUNCATED_WARNING } from "./api_query.ts";
import { badData } from "./errors.ts";
import { quoteJson } from "./json_writer.ts";
import { limitParam, matcherSetsOf, optionalTimeParam, rangeParam, withParameter } from "./params.ts";
import { labelsJson } from "./query_json.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import { formatExponent, pairsJson, timeJson } from "./rules_json.ts";

/** Some twenty megabytes of JSON: more is asked for by parts. */
const TRANSITIONS_SHOWN_MAX = 50_000;

/** The newest transitions, oldest first. */
export async function alertHistory(call: Call): Promise<Reply> {
  const params = await call.params();
  const matcherSets = withParameter("match[]", () => matcherSetsOf(params.all("match[]")));
  const { startMs, endMs } = rangeParam(params);
  if (endMs < startMs) throw badData("end timestamp must not be before start timestamp");
  const limit = Math.min(limitParam(params) || TRANSITIONS_SHOWN_MAX, TRANSITIONS_SHOWN_MAX);
  const { entries, completeSinceMs } = await call.deps.rules.history(matcherSets, { startMs, endMs });
  const kept = entries.slice(Math.max(0, entries.length - limit));
  const warnings = kept.length < entries.length ? [TRUNCATED_WARNING] : [];
  return jsonReply(
    `{"transitions":[${kept.map(transitionJson).join(",")}],${completeJson(completeSinceMs)}}`,
    warnings,
  );
}

export async function alertsAt(call: Call): Promise<Reply> {
  const params = await call.params();
  const matcherSets = withParameter("match[]", () => matcherSetsOf(params.all("match[]")));
  const timeMs = optionalTimeParam(params, "time", call.nowMs);
  const { alerts, completeSinceMs } = await call.deps.rules.stateAt(matcherSets, timeMs);
  return jsonReply(
    `{"time":${timeJson(timeMs)},"alerts":[${alerts.map(standingJson).join(",")}],${
      completeJson(completeSinceMs)
    }}`,
  );
}

function transitionJson(entry: AlertHistoryEntry): string {
  return `{"time":${timeJson(entry.atMs)},"from":"${entry.from}","to":"${entry.to}",` +
    `${causeJson(entry)},${alertFields(entry)}}`;
}

function standingJson(entry: AlertHistoryEntry): string {
  return `{"state":"${entry.to}","since":${timeJson(entry.atMs)},${causeJson(entry)},${alertFields(entry)}}`;
}

function causeJson({ cause }: AlertHistoryEntry): string {
  return `"cause":"${cause}","reason":${quoteJson(causeText(cause))}`;
}

function alertFields(entry: AlertHistoryEntry): string {
  const { labels, annotations, value, activeAtMs, file, group, alertName } = entry;
  return `"value":"${formatExponent(value)}","activeAt":${timeJson(activeAtMs)},` +
    `"labels":${labelsJson(labels)},"annotations":${pairsJson(annotations)},` +
    `"rule":${quoteJson(alertName)},"group":${quoteJson(group)},"file":${quoteJson(file)}`;
}

function completeJson(completeSinceMs: EpochMs | undefined): string {
  return `"completeSince":${completeSinceMs === undefined ? "null" : timeJson(completeSinceMs)}`;
}
