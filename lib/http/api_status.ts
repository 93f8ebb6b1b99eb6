/** `status/*`, `features`, `notifications`. */
import { compareUtf8 } from "../model/labels.ts";
import type { BuildInfo, NamedCount } from "./deps.ts";
import { badData } from "./errors.ts";
import { featuresOf } from "./features.ts";
import { quoteJson } from "./json_writer.ts";
import { parseInteger } from "./params.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import { formatRfc3339 } from "./times.ts";

/** As Prometheus. */
const TSDB_LIST_LENGTH = 10;
const TSDB_LIST_LENGTH_MAX = 10_000;
/** As Go reports a head or a limit that is not there. */
const INT64_MAX = "9223372036854775807";
const INT64_MIN = "-9223372036854775808";

export function config(call: Call): Reply {
  return jsonReply(`{"yaml":${quoteJson(call.deps.configYaml())}}`);
}

export function flags(call: Call): Reply {
  const entries = Object.entries(call.deps.flags()).sort(([a], [b]) => compareUtf8(a, b));
  return jsonReply(`{${entries.map(([name, value]) => `${quoteJson(name)}:${quoteJson(value)}`).join(",")}}`);
}

export function buildInfo(call: Call): Reply {
  return jsonReply(buildInfoJson(call.deps.buildInfo));
}

export function buildInfoJson(info: BuildInfo): string {
  return `{"version":${quoteJson(info.version)},"revision":${quoteJson(info.revision)},` +
    `"branch":${quoteJson(info.branch)},"buildUser":${quoteJson(info.buildUser)},` +
    `"buildDate":${quoteJson(info.buildDate)},"goVersion":${quoteJson(info.runtimeVersion)}}`;
}

export function runtimeInfo(call: Call): Reply {
  const info = call.deps.runtimeInfo();
  return jsonReply(
    `{"startTime":"${formatRfc3339(info.startMs)}","CWD":${quoteJson(info.workingDirectory)},` +
      `"hostname":${quoteJson(info.hostname)},"serverTime":"${formatRfc3339(call.nowMs)}",` +
      `"reloadConfigSuccess":${info.reloadConfigSuccess},"lastConfigTime":"${
        formatRfc3339(info.lastConfigMs)
      }",` +
      `"corruptionCount":${info.corruptions},"goroutineCount":${info.actors},"GOMAXPROCS":${info.cpus},` +
      `"GOMEMLIMIT":${INT64_MAX},"GOGC":"","GODEBUG":"","storageRetention":${
        quoteJson(info.storageRetention)
      }}`,
  );
}

export async function tsdbStatus(call: Call): Promise<Reply> {
  const params = await call.params();
  const text = params.get("limit");
  const limit = text === "" ? TSDB_LIST_LENGTH : parseInteger(text);
  if (limit === undefined || limit < 1) throw badData("limit must be a positive number");
  if (limit > TSDB_LIST_LENGTH_MAX) throw badData(`limit must not exceed ${TSDB_LIST_LENGTH_MAX}`);
  const status = await call.deps.tsdbStatus(limit);
  return jsonReply(
    `{"headStats":{"numSeries":${status.series},"numLabelPairs":${status.labelPairs},` +
      `"chunkCount":${status.chunks},"minTime":${status.minMs ?? INT64_MAX},"maxTime":${
        status.maxMs ?? INT64_MIN
      }},` +
      `"seriesCountByMetricName":${countsJson(status.seriesCountByMetricName, limit)},` +
      `"labelValueCountByLabelName":${countsJson(status.labelValueCountByLabelName, limit)},` +
      `"memoryInBytesByLabelName":${countsJson(status.memoryInBytesByLabelName, limit)},` +
      `"seriesCountByLabelValuePair":${countsJson(status.seriesCountByLabelValuePair, limit)}}`,
  );
}

/** A name of 26 characters for a cohort, in the alphabet of those that Prometheus gives to blocks. */
function blockName(cohort: number): string {
  return cohort.toString().padStart(26, "0");
}

export async function tsdbBlocks(call: Call): Promise<Reply> {
  const rows = (await call.deps.blocks()).map(
    ({ cohort, minMs, maxMs, series, pages, bytes, cells, level }) => {
      const name = quoteJson(blockName(cohort));
      return `{"ulid":${name},"minTime":${minMs},"maxTime":${maxMs + 1},` +
        `"stats":{"numSamples":${cells},"numSeries":${series},"numChunks":${pages},"numBytes":${bytes}},` +
        `"compaction":{"level":${level + 1},"sources":[${name}]},"version":1}`;
    },
  );
  return jsonReply(`{"blocks":[${rows.join(",")}]}`);
}

export function walReplay(call: Call): Reply {
  const { min, max, current } = call.deps.replayProgress();
  return jsonReply(`{"min":${min},"max":${max},"current":${current}}`);
}

export function notifications(call: Call): Reply {
  const rows = call.deps.notices().map(({ text, sinceMs }) =>
    `{"text":${quoteJson(text)},"date":"${formatRfc3339(sinceMs)}","active":true}`
  );
  return jsonReply(`[${rows.join(",")}]`);
}

export function features(call: Call): Reply {
  return jsonReply(JSON.stringify(featuresOf(call.deps)));
}

function countsJson(counts: readonly NamedCount[], limit: number): string {
  const rows = counts.slice(0, limit).map(({ name, value }) =>
    `{"name":${quoteJson(name)},"value":${value}}`
  );
  return `[${rows.join(",")}]`;
}
