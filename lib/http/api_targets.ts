/** `targets`, `targets/metadata`, `metadata`, `scrape_pools` and `scrape_pools/config`. */
import { UserError } from "../core/errors.ts";
import { formatDurationMs } from "../core/time.ts";
import { compareUtf8 } from "../model/labels.ts";
import { type Matcher, matchesLabels } from "../model/matchers.ts";
import type { MetricMetadata } from "../model/metadata.ts";
import { parseMetricSelector } from "../promql/parse.ts";
import type { DroppedTargetView, TargetView } from "./deps.ts";
import { badData } from "./errors.ts";
import { globalUrlOf, type OwnAddresses } from "./global_url.ts";
import { quoteJson } from "./json_writer.ts";
import { type Params, parseInteger, withParameter } from "./params.ts";
import { labelsJson, stringsJson } from "./query_json.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import { formatRfc3339 } from "../core/rfc3339.ts";

export async function targets(call: Call): Promise<Reply> {
  const state = (call.url.searchParams.get("state") ?? "").toLowerCase();
  const pool = call.url.searchParams.get("scrapePool") ?? "";
  const both = state === "" || state === "any";
  const view = await call.deps.targets();
  const inPool = (row: { readonly scrapePool: string }) => pool === "" || row.scrapePool === pool;
  const active = both || state === "active" ? view.active.filter(inPool) : [];
  const dropped = both || state === "dropped" ? view.dropped.filter(inPool) : [];
  const counts = [...view.droppedCounts].filter(([name]) => pool === "" || name === pool)
    .sort(([a], [b]) => compareUtf8(a, b));
  const countsJson = counts.map(([name, count]) => `${quoteJson(name)}:${count}`).join(",");
  return jsonReply(
    `{"activeTargets":[${byPool(active).map((target) => targetJson(target, call.deps.options)).join(",")}],` +
      `"droppedTargets":[${byPool(dropped).map(droppedJson).join(",")}],` +
      `"droppedTargetCounts":${both || state === "dropped" ? `{${countsJson}}` : "null"}}`,
  );
}

export async function targetsMetadata(call: Call): Promise<Reply> {
  const params = await call.params();
  const limit = numberParam(params, "limit");
  const matchTarget = params.get("match_target");
  const matchers: readonly Matcher[] = matchTarget === ""
    ? []
    : withParameter("match_target", () => parseMetricSelector(matchTarget));
  const metric = params.get("metric");
  const rows: string[] = [];
  for (const target of await call.deps.targetMetadata()) {
    if (limit >= 0 && rows.length >= limit) break;
    if (!matchesLabels(matchers, target.labels)) continue;
    const labels = labelsJson(target.labels);
    if (metric !== "") {
      const metadata = target.metrics.get(metric);
      if (metadata !== undefined) rows.push(`{"target":${labels},${metadataFields(metadata)}}`);
      continue;
    }
    for (const [name, metadata] of target.metrics) {
      rows.push(`{"target":${labels},"metric":${quoteJson(name)},${metadataFields(metadata)}}`);
    }
  }
  return jsonReply(`[${rows.join(",")}]`);
}

export async function metadata(call: Call): Promise<Reply> {
  const params = await call.params();
  const limit = numberParam(params, "limit");
  const limitPerMetric = numberParam(params, "limit_per_metric");
  const metric = params.get("metric");
  const byMetric = new Map<string, Set<string>>();
  for (const target of await call.deps.targetMetadata()) {
    const rows = metric === "" ? target.metrics : only(target.metrics, metric);
    for (const [name, one] of rows) {
      let texts = byMetric.get(name);
      if (texts === undefined) byMetric.set(name, texts = new Set());
      if (limitPerMetric <= 0 || texts.size < limitPerMetric) texts.add(`{${metadataFields(one)}}`);
    }
  }
  const names = [...byMetric.keys()].sort(compareUtf8);
  const kept = limit >= 0 ? names.slice(0, limit) : names;
  return jsonReply(
    `{${kept.map((name) => `${quoteJson(name)}:[${[...byMetric.get(name)!].join(",")}]`).join(",")}}`,
  );
}

export async function scrapePools(call: Call): Promise<Reply> {
  return jsonReply(`{"scrapePools":${stringsJson(await call.deps.scrapePoolNames())}}`);
}

export async function scrapePoolConfig(call: Call): Promise<Reply> {
  const params = await call.params();
  const pool = params.get("scrapePool");
  if (pool === "") throw badData("no scrapePool parameter provided");
  const yaml = await call.deps.scrapePoolConfigYaml(pool);
  if (yaml === undefined) throw new UserError("not_found", `scrape pool ${quoteJson(pool)} not found`);
  return jsonReply(`{"yaml":${quoteJson(yaml)}}`);
}

function targetJson(target: TargetView, own: OwnAddresses): string {
  return `{"discoveredLabels":${labelsJson(target.discoveredLabels)},"labels":${labelsJson(target.labels)},` +
    `"scrapePool":${quoteJson(target.scrapePool)},"scrapeUrl":${quoteJson(target.scrapeUrl)},` +
    `"globalUrl":${quoteJson(target.globalUrl ?? globalUrlOf(target.scrapeUrl, own))},` +
    `"lastError":${quoteJson(target.lastError)},"lastScrape":"${formatRfc3339(target.lastScrapeMs)}",` +
    `"lastScrapeDuration":${target.lastScrapeDurationMs / 1000},"health":"${target.health}",` +
    `"scrapeInterval":"${formatDurationMs(target.scrapeIntervalMs)}",` +
    `"scrapeTimeout":"${formatDurationMs(target.scrapeTimeoutMs)}"}`;
}

function droppedJson(target: DroppedTargetView): string {
  return `{"discoveredLabels":${labelsJson(target.discoveredLabels)},"scrapePool":${
    quoteJson(target.scrapePool)
  }}`;
}

/** As Prometheus: pools by name, targets of a pool as they come. */
function byPool<T extends { readonly scrapePool: string }>(rows: readonly T[]): readonly T[] {
  return [...rows].sort((a, b) => compareUtf8(a.scrapePool, b.scrapePool));
}

function metadataFields({ type, help, unit }: MetricMetadata): string {
  return `"type":"${type}","help":${quoteJson(help)},"unit":${quoteJson(unit)}`;
}

function only(
  metrics: ReadonlyMap<string, MetricMetadata>,
  name: string,
): readonly (readonly [string, MetricMetadata])[] {
  const found = metrics.get(name);
  return found === undefined ? [] : [[name, found]];
}

/** −1 when it is not given. */
function numberParam(params: Params, name: "limit" | "limit_per_metric"): number {
  const text = params.get(name);
  if (text === "") return -1;
  const value = parseInteger(text);
  if (value === undefined) throw badData(`${name} must be a number`);
  return value;
}
