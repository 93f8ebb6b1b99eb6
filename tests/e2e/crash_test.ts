import assert from "node:assert/strict";
import { createRng } from "../../lib/core/rng.ts";
import { startFleet, writeUntil, type Writing } from "./crash_fleet.ts";
import { type ApiSeries, pause, query, type Started, startNarthex } from "./processes.ts";

const KILLS = 10;
const SEED = 20_261;
const TARGETS = 30;
const SERIES = 25;
const INTERVAL_MS = 250;
/** Of a life between two kills: long enough for windows to fill and seal within the test. */
const LIFE_MS_MIN = 1_500;
const LIFE_MS_MAX = 4_500;
const ASK_PAUSE_MS_MAX = 700;

/** Samples that an answer has shown: by series, by time in ms, the value as it was written. */
type Ledger = Map<string, Map<number, string>>;

Deno.test("kill -9 loses no sample that an answer has shown and no remote write that was confirmed", async () => {
  const rng = createRng(SEED);
  const between = (min: number, max: number) => min + rng.uint32() % (max - min);
  const directory = await Deno.makeTempDir();
  const shown: Ledger = new Map();
  const confirmed: Ledger = new Map();
  let shownCount = 0;
  try {
    await using fleet = startFleet({ targetsCount: TARGETS, seriesCount: SERIES });
    const configPath = `${directory}/prometheus.yml`;
    await Deno.writeTextFile(configPath, configOf(fleet.port, fleet.targets));
    const options = {
      dataPath: `${directory}/data`,
      configPath,
      flags: ["--web.enable-remote-write-receiver"],
    };
    for (let life = 0; life <= KILLS; life++) {
      await using narthex = await startNarthex(options);
      const all = await history(narthex, '{job=~"load|written"}');
      holds(all, shown, `life ${life}: shown before`);
      holds(all, confirmed, `life ${life}: confirmed before`);
      nothingAlien(all, fleet.alien);
      if (life === KILLS) break;
      const writing = new AbortController();
      // A confirmed write takes the scrapes before it along, so every other life has only scrapes to lose.
      const writer: Promise<Writing> = life % 2 === 0
        ? writeUntil({ url: narthex.url, firstValue: life * 1e6, signal: writing.signal })
        : Promise.resolve({ confirmed: [] });
      const endMs = Date.now() + between(LIFE_MS_MIN, LIFE_MS_MAX);
      while (Date.now() < endMs) {
        await pause(between(0, ASK_PAUSE_MS_MAX));
        const selector = rng.uint32() % 2 === 0
          ? '{job=~"load|written"}'
          : `{job="load",instance="t${between(0, TARGETS)}"}`;
        shownCount += remember(shown, await history(narthex, selector));
      }
      await narthex.kill("SIGKILL");
      writing.abort();
      const written = await writer;
      for (const { labels, tMs, value } of written.confirmed) {
        put(confirmed, keyOf(labels), tMs, String(value));
      }
      assert.equal(written.refusal, undefined, narthex.log());
    }
    const confirmedCount = [...confirmed.values()].reduce((count, samples) => count + samples.size, 0);
    console.log(`${shownCount} samples shown and ${confirmedCount} confirmed outlived ${KILLS} kills`);
    assert.ok(shown.size >= TARGETS * SERIES, `the load was scraped, got ${shown.size} series`);
    assert.ok(confirmedCount > 100, `remote writes were confirmed, got ${confirmedCount}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

function configOf(port: number, targets: readonly string[]): string {
  const configs = targets.map((target) =>
    `      - targets: ["127.0.0.1:${port}"]\n        labels: { instance: ${target}, __metrics_path__: /${target} }\n`
  );
  return `global:\n  scrape_interval: ${INTERVAL_MS}ms\n  scrape_timeout: ${INTERVAL_MS}ms\n` +
    `scrape_configs:\n  - job_name: load\n    static_configs:\n${configs.join("")}`;
}

async function history(narthex: Started, selector: string): Promise<readonly ApiSeries[]> {
  return await query(narthex, `${selector}[10m]`);
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort());
}

function put(ledger: Ledger, key: string, tMs: number, value: string): boolean {
  let samples = ledger.get(key);
  if (samples === undefined) ledger.set(key, samples = new Map());
  const known = samples.get(tMs);
  assert.ok(known === undefined || known === value, `${key} at ${tMs} was ${known} and is ${value}`);
  samples.set(tMs, value);
  return known === undefined;
}

/** Returns how many were new. */
function remember(ledger: Ledger, answer: readonly ApiSeries[]): number {
  let added = 0;
  for (const { metric, values } of answer) {
    const key = keyOf(metric);
    for (const [tS, value] of values!) if (put(ledger, key, Math.round(tS * 1000), value)) added++;
  }
  return added;
}

function holds(answer: readonly ApiSeries[], ledger: Ledger, what: string): void {
  const found = new Map(answer.map(({ metric, values }) => [
    keyOf(metric),
    new Map(values!.map(([tS, value]) => [Math.round(tS * 1000), value])),
  ]));
  const lost: string[] = [];
  for (const [key, samples] of ledger) {
    for (const [tMs, value] of samples) {
      const now = found.get(key)?.get(tMs);
      if (now !== value) lost.push(`${key} at ${tMs}: ${value}, now ${now}`);
    }
  }
  assert.equal(lost.length, 0, `${what}, and now gone or changed: ${lost.length}, such as ${lost[0]}`);
}

function nothingAlien(
  answer: readonly ApiSeries[],
  alien: (instance: string, series: string, value: number) => string | undefined,
): void {
  for (const { metric, values } of answer) {
    const key = keyOf(metric);
    let lastMs = -Infinity;
    for (const [tS, text] of values!) {
      const tMs = Math.round(tS * 1000);
      assert.ok(tMs > lastMs, `${key}: ${tMs} comes after ${lastMs}`);
      lastMs = tMs;
      const value = Number(text);
      if (metric["__name__"] === "load") {
        assert.equal(alien(metric["instance"]!, metric["series"]!, value), undefined, key);
      } else if (metric["__name__"] === "up") {
        assert.ok(value === 0 || value === 1, `${key} at ${tMs} is ${value}`);
      }
    }
  }
}
