/**
 * `tsdb dump`: every sample of a store that no server holds, as promtool prints them, one metric after the other, so
 * that memory holds one metric's samples.
 */
import { UserError } from "../core/errors.ts";
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
  quoteGo,
} from "../model/labels.ts";
import { type Matcher, matcherOf } from "../model/matchers.ts";
import { isAbsent, wordsOf } from "../model/stale.ts";
import { parseMetricSelector } from "../promql/parse.ts";
import { SHARD_PREFIX, storageKeys } from "../storage/keys.ts";
import { openOffline } from "../storage/offline.ts";
import { offlineSource } from "../storage/offline_source.ts";
import type { SeriesSource, TimeRange } from "../storage/source.ts";
import type { SubcommandArguments } from "./argument_reader.ts";
import type { CommandPorts } from "./commands.ts";
import { onePath } from "./tsdb_check.ts";
import { commandLog } from "./tsdb_ports.ts";

const MATCH_DEFAULT = "{__name__=~'(?s:.*)'}";
/** All that a sample may have. */
const TIME_MS_MAX = Number.MAX_SAFE_INTEGER;
/** Written in one go. */
const OUT_CHARS = 64 * 1024;

type Format = "text" | "openmetrics";

export async function dumpCommand(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  const format = args.values.get("format")?.at(-1) ?? "text";
  if (format !== "text" && format !== "openmetrics") {
    throw new UserError("bad_data", `--format: expected text or openmetrics, got ${JSON.stringify(format)}`);
  }
  return await dump(args, ports, format);
}

/** `tsdb dump-openmetrics`, promtool's words for it. */
export async function dumpOpenMetricsCommand(
  args: SubcommandArguments,
  ports: CommandPorts,
): Promise<number> {
  return await dump(args, ports, "openmetrics");
}

async function dump(args: SubcommandArguments, ports: CommandPorts, format: Format): Promise<number> {
  const path = onePath(args);
  const sets = (args.values.get("match") ?? [MATCH_DEFAULT]).map((text) => parseMetricSelector(text));
  const range = {
    startMs: timeOf(args, "min-time", -TIME_MS_MAX),
    endMs: timeOf(args, "max-time", TIME_MS_MAX),
  };
  const { kv, close } = await ports.tsdb.openStore(path, { create: false });
  try {
    const store = { kv, keys: storageKeys(SHARD_PREFIX), log: commandLog(ports) };
    const source = offlineSource(await openOffline(store), store);
    await printAll(source, sets, range, format, (text) => ports.out(text));
    return 0;
  } finally {
    close();
  }
}

/** Milliseconds, as promtool's. */
function timeOf(args: SubcommandArguments, name: string, otherwise: number): number {
  const text = args.values.get(name)?.at(-1);
  if (text === undefined) return otherwise;
  if (!/^-?[0-9]{1,19}$/.test(text)) {
    throw new UserError(
      "bad_data",
      `--${name}: expected milliseconds since 1970, got ${JSON.stringify(text)}`,
    );
  }
  return Math.max(-TIME_MS_MAX, Math.min(TIME_MS_MAX, Number(text)));
}

async function printAll(
  source: SeriesSource,
  sets: readonly (readonly Matcher[])[],
  range: TimeRange,
  format: Format,
  out: (text: string) => void,
): Promise<void> {
  const { signal } = new AbortController();
  const found = await source.series(sets, range, signal);
  const metrics = [...new Set(found.map((labels) => labelValue(labels, METRIC_NAME)))].sort(compareUtf8);
  let text = "";
  for (const metric of metrics) {
    const series = new Map<
      string,
      { readonly labels: Labels; readonly tMs: Float64Array; readonly values: Float64Array }
    >();
    for (const set of sets) {
      const matchers = [...set, matcherOf("=", METRIC_NAME, metric)];
      for await (const group of source.select({ matchers, range, samplesMax: TIME_MS_MAX }, signal)) {
        group.series.forEach((labels, i) => {
          series.set(labelsKey(labels), { labels, tMs: group.tMs, values: group.columns[i]! });
        });
      }
    }
    for (
      const { labels, tMs, values } of [...series.values()].sort((a, b) => compareLabels(a.labels, b.labels))
    ) {
      const name = format === "text" ? textName(labels) : openMetricsName(labels);
      const words = wordsOf(values);
      for (let i = 0; i < tMs.length; i++) {
        if (isAbsent(words, i)) continue;
        const time = format === "text" ? String(tMs[i]) : (tMs[i]! / 1000).toFixed(3);
        text += `${name} ${formatFloatG(values[i]!)} ${time}\n`;
        if (text.length < OUT_CHARS) continue;
        out(text);
        text = "";
      }
    }
  }
  out(format === "openmetrics" ? `${text}# EOF\n` : text);
}

/** All labels in braces, the metric's name among them. */
function textName(labels: Labels): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    parts.push(`${quotedName(labels[i]!)}=${quoteGo(labels[i + 1]!)}`);
  }
  return `{${parts.join(", ")}}`;
}

/** Without spaces, which OpenMetrics does not take: what is written here can be imported again. */
function openMetricsName(labels: Labels): string {
  const metric = labelValue(labels, METRIC_NAME);
  const parts = isLegacyMetricName(metric) ? [] : [quoteText(metric)];
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] !== METRIC_NAME) parts.push(`${quotedName(labels[i]!)}=${quoteText(labels[i + 1]!)}`);
  }
  return `${isLegacyMetricName(metric) ? metric : ""}${parts.length === 0 ? "" : `{${parts.join(",")}}`}`;
}

function quotedName(name: string): string {
  return isLegacyLabelName(name) ? name : quoteText(name);
}

/** The three escapes that the exposition formats know. */
function quoteText(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')}"`;
}
