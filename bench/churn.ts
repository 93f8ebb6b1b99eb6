/**
 * Memory while series come and go: every period a tenth of each host's series ends and others begin, by remote write
 * with times that run ahead of the clock's, so that a day passes in minutes. Series that are older than retention
 * must give their memory back.
 */
import { createRng } from "../lib/core/rng.ts";
import { labelsFromRecord } from "../lib/model/labels.ts";
import { encodeSnappy } from "../lib/remote/snappy_block.ts";
import { encodeWriteRequest } from "../lib/remote/write_request.ts";
import { bytesUnder, pause, usageOf } from "./measure.ts";
import type { Launch } from "./servers.ts";

export interface ChurnOptions {
  readonly hostsCount: number;
  readonly periodsCount: number;
  readonly rowsAPeriod: number;
  readonly replacedShare: number;
  /** Periods after which a series has left retention. */
  readonly retentionPeriods: number;
}

export interface ChurnPoint {
  readonly period: number;
  readonly headSeries: number;
  readonly cohorts: number;
  readonly residentMiB: number;
  readonly storeMiB: number;
}

const STEP_MS = 15_000;
const SERIES_A_HOST = 1_000;
/** Real time that a period takes at least: retention looks at series every five minutes of it, space more often. */
const PERIOD_SECONDS_MIN = 4;

export async function measureChurn(
  launch: Launch,
  options: ChurnOptions,
  directory: string,
): Promise<{ readonly seriesCount: number; readonly points: readonly ChurnPoint[] }> {
  const { hostsCount, periodsCount, rowsAPeriod, replacedShare, retentionPeriods } = options;
  const periodMs = rowsAPeriod * STEP_MS;
  const keepS = retentionPeriods * periodMs / 1000;
  const configPath = `${directory}/churn.yml`;
  await Deno.writeTextFile(configPath, `storage: { tsdb: { retention: { time: ${keepS}s } } }\n`);
  const server = await launch({ directory, configPath });
  const rng = createRng(5);
  // Each period the oldest of a host's series make way, as with pods.
  const replaced = Math.round(SERIES_A_HOST * replacedShare);
  const startMs = Date.now() - periodsCount * periodMs;
  const points: ChurnPoint[] = [];
  for (let period = 0; period < periodsCount; period++) {
    const begun = performance.now();
    const fromMs = startMs + period * periodMs;
    const tMs = Float64Array.from({ length: rowsAPeriod }, (_, i) => fromMs + i * STEP_MS);
    for (let host = 0; host < hostsCount; host++) {
      const timeseries = Array.from({ length: SERIES_A_HOST }, (_, i) => {
        const id = period * replaced + i;
        let value = rng.uint32() % 1_000;
        return {
          labels: labelsFromRecord({
            __name__: `pod_metric_${id % 50}`,
            instance: `host-${host}`,
            job: "churn",
            pod: `pod-${host}-${id}`,
          }),
          tMs,
          values: tMs.map(() => value += rng.uint32() % 10),
        };
      });
      const body = encodeSnappy(encodeWriteRequest(timeseries));
      const response = await fetch(`${server.url}/api/v1/write`, {
        method: "POST",
        headers: {
          "content-type": "application/x-protobuf",
          "content-encoding": "snappy",
          "x-prometheus-remote-write-version": "0.1.0",
        },
        body,
      });
      if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
      await response.body?.cancel();
    }
    await pause(Math.max(0, PERIOD_SECONDS_MIN - (performance.now() - begun) / 1000));
    if (period % 4 !== 3) continue;
    // A reload makes retention look at once, not within five minutes.
    Deno.kill(server.pid, "SIGHUP");
    await pause(1);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
    points.push({
      period: period + 1,
      headSeries: figure("prometheus_tsdb_head_series"),
      cohorts: figure("narthex_cohorts"),
      residentMiB: usageOf(server.pid).residentMiB,
      storeMiB: bytesUnder(server.dataPath) / 2 ** 20,
    });
  }
  await server.stop();
  return { seriesCount: hostsCount * SERIES_A_HOST, points };
}
