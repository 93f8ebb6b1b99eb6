/**
 * Kills a server at random moments under scrape and remote-write load, and looks each time whether everything is there
 * that must be: what an answer has shown, each remote write that was confirmed, each scrape but those of the last
 * journal group; nothing twice, nothing that was never served, nothing that cannot be read. The ledger is in this process.
 */
import assert from "node:assert/strict";
import { createRng } from "../../lib/core/rng.ts";
import { startFleet, TARGET_SPACING, writeUntil, type Writing } from "./crash_fleet.ts";
import { type ApiSeries, pause, query, type Started, startNarthex } from "./processes.ts";

const TARGETS = 30;
const SERIES = 25;
const INTERVAL_MS = 250;
/** Of a life between two kills: long enough for windows to fill and seal within a run. */
const LIFE_MS_MIN = 1_500;
const LIFE_MS_MAX = 6_500;
const ASK_PAUSE_MS_MAX = 700;
/** A journal group is kept a second after its first sample, and a busy machine takes its time. */
const LAST_GROUP_MS = 3_000;
/** A body that was served and not stored: the scrape had run into its timeout, and says so at about that time. */
const TIMED_OUT_MS = 1_500;
/** What a life asks for reaches no further back. */
const HISTORY = "60m";

/** Samples that an answer has shown: by series, by time in ms, the value as it was written. */
type Ledger = Map<string, Map<number, string>>;

/** From a kill until the next life answers: what it had asked for may be served to nobody. */
interface Down {
  readonly fromMs: number;
  untilMs: number;
}

export interface KillsOptions {
  readonly kills: number;
  readonly seed: number;
  /** After each life. */
  readonly told?: (line: string) => void;
}

export interface KillsCounted {
  readonly shown: number;
  readonly confirmed: number;
  /** Scrapes that were served in time to be kept, and are there. */
  readonly scrapes: number;
  /** Of the last group of a life: served, and not there. */
  readonly lastGroups: number;
}

/** Throws an `AssertionError` that says what is missing or alien. */
export async function runKills({ kills, seed, told }: KillsOptions): Promise<KillsCounted> {
  const rng = createRng(seed);
  const between = (min: number, max: number) => min + rng.uint32() % (max - min);
  const directory = await Deno.makeTempDir();
  const shown: Ledger = new Map();
  const confirmed: Ledger = new Map();
  const downs: Down[] = [];
  let shownCount = 0;
  let scrapes = { there: 0, lastGroups: 0 };
  try {
    await using fleet = startFleet({ targetsCount: TARGETS, seriesCount: SERIES });
    const configPath = `${directory}/prometheus.yml`;
    await Deno.writeTextFile(configPath, configOf(fleet.port, fleet.targets));
    const options = {
      dataPath: `${directory}/data`,
      configPath,
      flags: ["--web.enable-remote-write-receiver"],
    };
    for (let life = 0; life <= kills; life++) {
      await using narthex = await startNarthex(options);
      const askedMs = Date.now();
      if (downs.length > 0) downs[downs.length - 1]!.untilMs = askedMs;
      const all = await history(narthex, '{job=~"load|written"}');
      holds(all, shown, `life ${life}: shown before`);
      holds(all, confirmed, `life ${life}: confirmed before`);
      nothingAlien(all, fleet.alien);
      scrapes = servedAndThere(all, fleet.served(), { askedMs, downs }, `life ${life}`);
      await nothingUnreadable(narthex, `life ${life}`);
      told?.(
        `life ${life}: ${scrapes.there} scrapes, ${shownCount} samples shown, ${count(confirmed)} confirmed`,
      );
      if (life === kills) break;
      const writing = new AbortController();
      // A confirmed write takes the scrapes before it along, so every other life has only scrapes to lose.
      const writer: Promise<Writing> = life % 2 === 0
        ? writeUntil({ url: narthex.url, firstValue: life * 1e6, signal: writing.signal })
        : Promise.resolve({ confirmed: [] });
      const endMs = Date.now() + between(LIFE_MS_MIN, LIFE_MS_MAX);
      // Queries wait for the journal, so every third life asks nothing: only the clock flushes then.
      while (Date.now() < endMs) {
        await pause(Math.min(between(0, ASK_PAUSE_MS_MAX), Math.max(0, endMs - Date.now())));
        const selector = rng.uint32() % 2 === 0
          ? '{job=~"load|written"}'
          : `{job="load",instance="t${between(0, TARGETS)}"}`;
        if (life % 3 !== 2) shownCount += remember(shown, await history(narthex, selector));
      }
      downs.push({ fromMs: Date.now(), untilMs: Infinity });
      await narthex.kill("SIGKILL");
      writing.abort();
      const written = await writer;
      for (const { labels, tMs, value } of written.confirmed) {
        put(confirmed, keyOf(labels), tMs, String(value));
      }
      assert.equal(written.refusal, undefined, narthex.log());
    }
    assert.ok(shown.size >= TARGETS * SERIES, `the load was scraped, got ${shown.size} series`);
    return {
      shown: shownCount,
      confirmed: count(confirmed),
      scrapes: scrapes.there,
      lastGroups: scrapes.lastGroups,
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function count(ledger: Ledger): number {
  return [...ledger.values()].reduce((sum, samples) => sum + samples.size, 0);
}

/** Each scrape that was served is there once, but those shortly before a kill and those that ran into their timeout. */
function servedAndThere(
  all: readonly ApiSeries[],
  served: readonly (readonly number[])[],
  { askedMs, downs }: { readonly askedMs: number; readonly downs: readonly Readonly<Down>[] },
  when: string,
): { readonly there: number; readonly lastGroups: number } {
  let there = 0;
  let lastGroups = 0;
  const lost: string[] = [];
  for (const [target, times] of served.entries()) {
    const own = all.filter(({ metric }) => metric["instance"] === `t${target}`);
    const turns = new Set<number>();
    for (const [, text] of own.find(({ metric }) => metric["series"] === "0")?.values ?? []) {
      const turn = Number(text) - target * TARGET_SPACING;
      assert.ok(!turns.has(turn), `${when}: turn ${turn} of target ${target} is there twice`);
      turns.add(turn);
    }
    const downMs = (own.find(({ metric }) => metric["__name__"] === "up")?.values ?? [])
      .filter(([, up]) => up === "0").map(([tS]) => tS * 1000);
    for (const [index, servedMs] of times.entries()) {
      if (turns.has(index + 1)) there++;
      else if (servedMs > askedMs - LAST_GROUP_MS) continue; // of this life, and perhaps under way
      else if (downs.some((down) => servedMs > down.fromMs - LAST_GROUP_MS && servedMs < down.untilMs)) {
        lastGroups++;
      } else if (!downMs.some((at) => Math.abs(at - servedMs) < TIMED_OUT_MS)) {
        lost.push(`turn ${index + 1} of target ${target}, served at ${servedMs}`);
      }
    }
  }
  assert.equal(
    lost.length,
    0,
    `${when}: ${lost.length} scrapes are lost, such as ${lost[0]}; down ${JSON.stringify(downs.slice(-3))}`,
  );
  return { there, lastGroups };
}

/** After everything was read. */
async function nothingUnreadable(narthex: Started, when: string): Promise<void> {
  const text = await (await fetch(`${narthex.url}/metrics`)).text();
  for (const name of ["lost_cohorts", "damaged_pages_total", "missing_pages_total", "damaged_journal_gaps"]) {
    const value = new RegExp(`^narthex_storage_${name} (.+)$`, "m").exec(text)?.[1];
    assert.equal(value, "0", `${when}: narthex_storage_${name}`);
  }
}

function configOf(port: number, targets: readonly string[]): string {
  const configs = targets.map((target) =>
    `      - targets: ["127.0.0.1:${port}"]\n        labels: { instance: ${target}, __metrics_path__: /${target} }\n`
  );
  return `global:\n  scrape_interval: ${INTERVAL_MS}ms\n  scrape_timeout: ${INTERVAL_MS}ms\n` +
    `scrape_configs:\n  - job_name: load\n    static_configs:\n${configs.join("")}`;
}

async function history(narthex: Started, selector: string): Promise<readonly ApiSeries[]> {
  return await query(narthex, `${selector}[${HISTORY}]`);
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
