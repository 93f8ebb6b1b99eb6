/**
 * Federation: the latest sample of each selected series in the text format, with its time and the external labels.
 * A stale series is left out.
 */
import { formatFloatG } from "../model/float.ts";
import {
  compareLabels,
  compareUtf8,
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  labelsKey,
  labelValue,
  METRIC_NAME,
  withLabel,
} from "../model/labels.ts";
import { isAbsent, isStale, wordsOf } from "../model/stale.ts";
import { Pacer } from "../promql/pacer.ts";
import { parseMetricSelector } from "../promql/parse.ts";
import { sortedPaced } from "../promql/sorted.ts";
import { escapeValue } from "../client/exposition.ts";
import type { EpochMs } from "../core/time.ts";
import type { ColumnGroup } from "../storage/source.ts";
import { JSON_CHUNK_BYTES } from "./query_json.ts";
import { JsonWriter } from "./json_writer.ts";
import type { Reply } from "./reply.ts";
import type { Call } from "./route.ts";

/** As the engine's default for one query: what is read at once. */
const FEDERATE_SAMPLES_MAX = 50_000_000;

interface Latest {
  readonly labels: Labels;
  readonly name: string;
  readonly tMs: EpochMs;
  readonly value: number;
}

export async function federate(call: Call): Promise<Reply> {
  const params = await call.params();
  const matcherSets = params.all("match[]").map((text) => parseMetricSelector(text));
  const found = new Map<string, Latest>();
  const { clock, yieldToLoop } = call.deps;
  const pacer = new Pacer({
    monotonicMs: () => clock.monotonicMs(),
    yieldToLoop,
    timeoutMs: Infinity,
    signal: call.signal,
  });
  const range = { startMs: call.nowMs - call.deps.options.lookbackMs, endMs: call.nowMs };
  for (const matchers of matcherSets) {
    const request = { matchers, range, samplesMax: FEDERATE_SAMPLES_MAX };
    for await (const group of call.deps.source.select(request, call.signal)) {
      await pacer.rows(group.series.length, (s) => collectLatest(group, s, found));
      const turn = pacer.turn();
      if (turn !== undefined) await turn;
    }
  }
  const rows = await sortedPaced(
    pacer,
    [...found.values()],
    (a, b) => compareUtf8(a.name, b.name) || compareLabels(a.labels, b.labels),
  );
  const accept = call.request.headers.get("Accept") ?? "";
  const escaping = accept.includes("escaping=allow-utf-8") ? "allow-utf-8" : "underscores";
  return {
    status: 200,
    contentType: `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`,
    body: writeRows(rows, call.deps.externalLabels(), escaping === "underscores" ? underscored : quotedName),
  };
}

function collectLatest(group: ColumnGroup, s: number, found: Map<string, Latest>): void {
  const labels = group.series[s]!;
  const name = labelValue(labels, METRIC_NAME);
  if (name === "") return; // as Prometheus: what has no name cannot be written
  const values = group.columns[s]!;
  const words = wordsOf(values);
  let last = values.length - 1;
  while (last >= 0 && isAbsent(words, last)) last--;
  if (last < 0 || isStale(words, last)) return;
  found.set(labelsKey(labels), { labels, name, tMs: group.tMs[last]!, value: values[last]! });
}

function* writeRows(
  rows: readonly Latest[],
  externalLabels: Labels,
  writeName: (name: string) => string,
): Generator<Uint8Array<ArrayBuffer>> {
  const external = labelValue(externalLabels, "instance") === ""
    ? [...externalLabels, "instance", ""]
    : externalLabels;
  const writer = new JsonWriter(4096);
  let family = "";
  for (const { labels, name, tMs, value } of rows) {
    const plain = writeName(name);
    const isQuoted = plain.startsWith('"');
    if (name !== family) {
      family = name;
      writer.raw(`# TYPE ${plain} untyped\n`);
    }
    const parts = isQuoted ? [plain] : [];
    let own = withLabel(labels, METRIC_NAME, "");
    for (let i = 0; i < external.length; i += 2) {
      if (!hasLabel(labels, external[i]!)) own = [...own, external[i]!, external[i + 1]!];
    }
    for (let i = 0; i < own.length; i += 2) parts.push(`${writeName(own[i]!)}="${escapeValue(own[i + 1]!)}"`);
    writer.raw(`${isQuoted ? "" : plain}{${parts.join(",")}} ${formatFloatG(value)} ${tMs}\n`);
    if (writer.length >= JSON_CHUNK_BYTES) yield writer.take();
  }
  yield writer.take();
}

function hasLabel(labels: Labels, name: string): boolean {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return true;
  return false;
}

function quotedName(name: string): string {
  return isLegacyMetricName(name) ? name : `"${escapeValue(name)}"`;
}

/** As the escaping scheme `underscores`. */
function underscored(name: string): string {
  if (isLegacyMetricName(name) || isLegacyLabelName(name)) return name;
  const chars = [...name].map((char) => /[a-zA-Z0-9_:]/.test(char) ? char : "_").join("");
  return /^[0-9]/.test(chars) ? `_${chars.slice(1)}` : chars;
}
