/** `tsdb analyze`: what makes a store large: labels by their values, metrics by series and bytes, churn. */
import { UserError } from "../core/errors.ts";
import { formatDurationMs } from "../core/time.ts";
import { compareUtf8, METRIC_NAME } from "../model/labels.ts";
import { matchesLabels } from "../model/matchers.ts";
import { parseMetricSelector } from "../promql/parse.ts";
import { type SeriesUsage, seriesUsage } from "../storage/check/usage.ts";
import type { Head } from "../storage/head.ts";
import { SHARD_PREFIX, storageKeys } from "../storage/keys.ts";
import { openOffline } from "../storage/offline.ts";
import type { SubcommandArguments } from "./argument_reader.ts";
import type { CommandPorts } from "./commands.ts";
import { onePath } from "./tsdb_check.ts";
import { commandLog } from "./tsdb_ports.ts";

/** As promtool. */
const LIMIT_DEFAULT = 20;

class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string, count: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  lines(limit: number): string[] {
    return [...this.#counts].sort((a, b) => b[1] - a[1] || compareUtf8(a[0], b[0])).slice(0, limit)
      .map(([name, count]) => `${Math.floor(count)} ${name}`);
  }

  get size(): number {
    return this.#counts.size;
  }
}

export async function analyzeCommand(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  const path = onePath(args);
  const limitText = args.values.get("limit")?.at(-1) ?? String(LIMIT_DEFAULT);
  if (!/^[0-9]{1,9}$/.test(limitText)) {
    throw new UserError("bad_data", `--limit: expected a number, got ${JSON.stringify(limitText)}`);
  }
  const match = args.values.get("match")?.at(-1);
  const matchers = match === undefined ? [] : parseMetricSelector(match);
  const { kv, close } = await ports.tsdb.openStore(path, { create: false });
  try {
    const keys = storageKeys(SHARD_PREFIX);
    const head = await openOffline({ kv, keys, log: commandLog(ports) });
    const usage = await seriesUsage(head, kv, keys);
    const chosen: number[] = [];
    for (let series = 0; series < head.series.count; series++) {
      if (head.series.isRemoved(series)) continue;
      if (matchesLabels(matchers, head.series.labelsOf(series))) chosen.push(series);
    }
    ports.out(report(head, usage, chosen, Number(limitText)));
    return 0;
  } finally {
    close();
  }
}

function report(head: Head, usage: SeriesUsage, chosen: readonly number[], limit: number): string {
  let [minMs, maxMs] = [Infinity, -Infinity];
  for (const series of chosen) {
    minMs = Math.min(minMs, usage.firstMs[series]!);
    maxMs = Math.max(maxMs, usage.lastMs[series]!);
  }
  const durationMs = maxMs >= minMs ? maxMs - minMs : 0;
  const [pairs, names, metrics, bytes] = [new Tally(), new Tally(), new Tally(), new Tally()];
  const [pairChurn, nameChurn, valueBytes] = [new Tally(), new Tally(), new Tally()];
  const valuesByName = new Map<string, Set<string>>();
  let entries = 0;
  for (const series of chosen) {
    const labels = head.series.labelsOf(series);
    const spanMs = usage.lastMs[series]! - usage.firstMs[series]!;
    // As promtool: what of the whole time the series does not cover, so that a count says whole series.
    const uncovered = durationMs > 0 && spanMs >= 0 ? (durationMs - spanMs) / durationMs : 0;
    for (let i = 0; i < labels.length; i += 2) {
      const [name, value] = [labels[i]!, labels[i + 1]!];
      entries++;
      pairs.add(`${name}=${value}`, 1);
      pairChurn.add(`${name}=${value}`, uncovered);
      nameChurn.add(name, uncovered);
      names.add(name, 1);
      if (name === METRIC_NAME) {
        metrics.add(value, 1);
        bytes.add(value, usage.bytes[series]!);
      }
      let values = valuesByName.get(name);
      if (values === undefined) valuesByName.set(name, values = new Set());
      values.add(value);
    }
  }
  const valuesCount = new Tally();
  for (const [name, values] of valuesByName) {
    valuesCount.add(name, values.size);
    for (const value of values) valueBytes.add(name, new TextEncoder().encode(value).length);
  }
  const sections: readonly (readonly [heading: string, tally: Tally])[] = [
    ["Label pairs most involved in churning", pairChurn],
    ["Label names most involved in churning", nameChurn],
    ["Most common label pairs", pairs],
    ["Label names with highest cumulative label value length", valueBytes],
    ["Highest cardinality labels", valuesCount],
    ["Highest cardinality metric names", metrics],
    ["Most bytes of pages by metric name", bytes],
  ];
  return [
    `Duration: ${formatDurationMs(durationMs)}`,
    `Series: ${chosen.length}`,
    `Label names: ${names.size}`,
    `Unique label pairs: ${pairs.size}`,
    `Total label pairs: ${entries}`,
    ...usage.damagedPages > 0 ? [`Damaged pages: ${usage.damagedPages}, see tsdb check`] : [],
    ...sections.flatMap(([heading, tally]) => ["", `${heading}:`, ...tally.lines(limit)]),
    "",
  ].join("\n");
}
