/**
 * What storage costs by itself: memory a series, nanoseconds a sample from batch to sealed page, bytes a sample
 * on disk, and the time to read a range. No HTTP, no PromQL.
 *
 * usage: deno run -A bench/storage_bench.ts EXPOSITION_1 EXPOSITION_2 [COHORTS] [ROWS]
 */
import { NEW_SERIES_BIT, type SampleBatch } from "../lib/model/batch.ts";
import { type Labels, labelsOf } from "../lib/model/labels.ts";
import { matcherOf } from "../lib/model/matchers.ts";
import { shardBehavior } from "../actors/shard.ts";
import type { ShardCommand } from "../actors/protocol/shard.ts";
import type { Effect } from "../lib/actor/types.ts";
import type { Log } from "../lib/core/ports.ts";
import type { AppendOutcome } from "../lib/model/batch.ts";
import { statsOf } from "../lib/storage/head_stats.ts";
import { viewOf } from "../lib/storage/head_view.ts";
import { storageKeys } from "../lib/storage/keys.ts";
import { PageCache } from "../lib/storage/page_cache.ts";
import { createSeriesSource } from "../lib/storage/reader.ts";
import { openKv } from "../lib/sys/kv.ts";

const STEP_MS = 15_000;
const quiet: Log = { debug() {}, info() {}, warn() {}, error: console.error, with: () => quiet };

const [file1, file2, cohortsText = "1000", rowsText = "15"] = Deno.args;
if (file1 === undefined || file2 === undefined) {
  console.error("usage: deno run -A bench/storage_bench.ts EXPOSITION_1 EXPOSITION_2 [COHORTS] [ROWS]");
  Deno.exit(2);
}
const cohorts = Number(cohortsText);
const rows = Number(rowsText);

/** Enough of a parser for node_exporter's output. */
function parse(text: string): { readonly names: readonly string[]; readonly values: Float64Array } {
  const names: string[] = [];
  const values: number[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const at = line.lastIndexOf(" ");
    names.push(line.slice(0, at));
    values.push(Number(line.slice(at + 1)));
  }
  return { names, values: Float64Array.from(values) };
}

function labelsFor(name: string, instance: string): Labels {
  const brace = name.indexOf("{");
  const metric = brace < 0 ? name : name.slice(0, brace);
  const pairs: [string, string][] = [["__name__", metric], ["instance", instance], ["job", "node"]];
  if (brace >= 0) {
    for (const [, key, value] of name.slice(brace + 1, -1).matchAll(/([a-zA-Z_0-9]+)="((?:[^"\\]|\\.)*)"/g)) {
      pairs.push([key!, value!]);
    }
  }
  return labelsOf(pairs);
}

const first = parse(await Deno.readTextFile(file1));
const second = parse(await Deno.readTextFile(file2));
const width = first.names.length;
const directory = await Deno.makeTempDir();
const kv = await openKv(`${directory}/bench.kv`);
const keys = storageKeys(["s", 0]);
const behavior = shardBehavior({ kv, keys, log: quiet, retentionMs: Infinity });
if (behavior.persistence.kind !== "behind") throw new Error("the shard journals behind");
const how = behavior.persistence;
let { state: head } = await how.open();
let seq = 0;
let journalBytes = 0;
let encodeMs = 0;
let nowMs = 1_700_000_000_000;
let reply: unknown;
const tasks: (() => Promise<ShardCommand>)[] = [];

function drain(): void {
  for (const record of how.drain(head, seq + 1)) {
    seq++;
    journalBytes += record.length;
  }
}

function perform(effects: readonly Effect<ShardCommand>[]): void {
  for (const effect of effects) {
    if (effect.kind === "reply") reply = effect.reply;
    else if (effect.kind === "whenDurable") {
      drain();
      perform(effect.effects);
    } else if (effect.kind === "task") tasks.push(() => effect.run(new AbortController().signal));
  }
}

function send(command: ShardCommand): void {
  const decision = behavior.decide(head, command, nowMs);
  for (const event of decision.events) head = behavior.evolve(head, event);
  perform(decision.effects);
}

async function maintain(): Promise<void> {
  for (;;) {
    send({ kind: "maintenanceDue" });
    if (tasks.length === 0) return;
    const start = performance.now();
    for (const task of tasks.splice(0)) send(await task());
    encodeMs += performance.now() - start;
  }
}

function collect(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Deno.memoryUsage().rss;
}

/** A row that differs from the one before as the second file differs from the first. */
const changing: number[] = [];
for (let i = 0; i < width; i++) if (first.values[i] !== second.values[i]) changing.push(i);
const identity = Uint32Array.from({ length: width }, (_, i) => i);
const current = Array.from({ length: cohorts }, () => first.values.slice());

function rowOf(cohort: number, round: number): Float64Array {
  const values = current[cohort]!;
  if (round > 0) {
    for (const i of changing) {
      const step = second.values[i]! - first.values[i]!;
      values[i] =
        Math.round((values[i]! + step * (0.5 + (((i * 31 + cohort * 17 + round * 7) % 97) / 97))) * 100) /
        100;
    }
  }
  return values.slice();
}

const before = collect();
const epochs: number[] = [];
const startMs = performance.now();
for (let cohort = 0; cohort < cohorts; cohort++) {
  const batch: SampleBatch = {
    cohort: `scrape/node/host-${cohort}`,
    epoch: 0,
    defined: first.names.map((name) => labelsFor(name, `host-${String(cohort).padStart(4, "0")}:9100`)),
    rows: [{ tMs: nowMs, refs: identity.map((i) => i + NEW_SERIES_BIT), values: rowOf(cohort, 0) }],
    strays: [],
  };
  send({
    kind: "append",
    batches: [batch],
    atomic: false,
    durable: false,
    replyTo: { path: "/b", token: 1 },
  });
  const outcome = (reply as AppendOutcome[])[0]!;
  if (outcome.kind !== "appended") throw new Error(JSON.stringify(outcome));
  epochs.push(outcome.epoch);
  if (cohort % 20 === 0) drain();
}
drain();
const definedMs = performance.now();
const journalDefined = journalBytes;
let appendMs = 0;
for (let round = 1; round < rows; round++) {
  nowMs += STEP_MS;
  for (let cohort = 0; cohort < cohorts; cohort++) {
    const values = rowOf(cohort, round);
    const batch = {
      cohort: `scrape/node/host-${cohort}`,
      epoch: epochs[cohort]!,
      defined: [],
      rows: [{ tMs: nowMs + cohort, refs: identity, values }],
      strays: [],
    };
    const start = performance.now();
    send({
      kind: "append",
      batches: [batch],
      atomic: false,
      durable: false,
      replyTo: { path: "/b", token: 1 },
    });
    appendMs += performance.now() - start;
  }
  drain();
  await maintain();
}
const after = collect();
const series = cohorts * width;
const samples = series * (rows - 1);
const stats = statsOf(head);
const own = current.length * width * 8;
console.log(`series ${series}, rows ${rows}, changing ${(100 * changing.length / width).toFixed(0)} %`);
console.log(`define       ${((definedMs - startMs) * 1e3 / series).toFixed(2)} µs a series`);
console.log(
  `append       ${(appendMs * 1e6 / samples).toFixed(1)} ns a sample, journal ${
    ((journalBytes - journalDefined) / samples).toFixed(2)
  } B a sample, ${(journalDefined / series).toFixed(1)} B a new series`,
);
console.log(
  `memory       ${((after - before - own) / series).toFixed(0)} B a series resident (windows ${
    (stats.windowBytes / series).toFixed(0)
  } B of it), RSS ${(after / 2 ** 20).toFixed(0)} MiB`,
);
const sealed = stats.pages === 0 ? 0 : samples + series - stats.windowRows * width;
console.log(
  `seal         ${stats.pages} pages, ${
    sealed === 0 ? "–" : (stats.pageBytes / sealed).toFixed(3)
  } B a sample, ${
    sealed === 0 ? "–" : (encodeMs * 1e6 / sealed).toFixed(0)
  } ns a sample with its commit, ${stats.compactions} merges`,
);

const cache = new PageCache({ kv, keys, log: quiet, bytesMax: 512 * 1024 * 1024 });
const source = createSeriesSource({
  cache,
  head: {
    view: (matcherSets, range, after, names) =>
      Promise.resolve(viewOf(head, matcherSets, range, after, names)),
    untilDurable: () => Promise.resolve(),
    series: () => Promise.resolve({ found: [], next: undefined }),
    labelNames: () => Promise.resolve({ found: [], next: undefined }),
    labelValues: () => Promise.resolve({ found: [], next: undefined }),
  },
});
for (const round of [1, 2, 3]) {
  const start = performance.now();
  let cells = 0;
  let columns = 0;
  const range = { startMs: 0, endMs: nowMs + cohorts };
  const matchers = [matcherOf("=", "__name__", "node_cpu_seconds_total")];
  for await (
    const group of source.select({ matchers, range, samplesMax: 1e9 }, new AbortController().signal)
  ) {
    cells += group.tMs.length * group.columns.length;
    columns += group.columns.length;
  }
  const tookMs = performance.now() - start;
  console.log(
    `read ${round}       ${columns} series, ${cells} samples in ${tookMs.toFixed(0)} ms, ${
      (tookMs * 1e6 / cells).toFixed(1)
    } ns a sample`,
  );
}
const openStart = performance.now();
const reopened = await how.open();
console.log(
  `open         ${reopened.state.series.live} series from manifests and catalogue in ${
    (performance.now() - openStart).toFixed(0)
  } ms, journal not counted`,
);
kv.close();
let fileBytes = 0;
for await (const entry of Deno.readDir(directory)) {
  fileBytes += (await Deno.stat(`${directory}/${entry.name}`)).size;
}
console.log(`files        ${(fileBytes / 2 ** 20).toFixed(1)} MiB`);
await Deno.remove(directory, { recursive: true });
