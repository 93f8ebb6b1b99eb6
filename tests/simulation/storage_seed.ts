/**
 * One run of the storage shard against a store that stalls, fails, answers late, out of order or never, and of
 * processes that die at any moment. A ledger outside of them knows what was sent, shown and confirmed. A failing run
 * is its seed and the commit.
 */
import { acquireLease } from "../../lib/actor/lease.ts";
import { GuardedKv } from "../../lib/actor/kv_guard.ts";
import { KvJournal } from "../../lib/actor/kv_journal.ts";
import { createSimulation, type Simulated } from "../../lib/actor/simulation.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import type { ActorRef } from "../../lib/actor/types.ts";
import { createRng, drawBelow } from "../../lib/core/rng.ts";
import { messageOf, UserError } from "../../lib/core/errors.ts";
import type { Kv } from "../../lib/core/ports.ts";
import { type AppendOutcome, NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { isAbsent, wordsOf } from "../../lib/model/stale.ts";
import { storageKeys } from "../../lib/storage/keys.ts";
import { PageCache } from "../../lib/storage/page_cache.ts";
import { createSeriesSource } from "../../lib/storage/reader.ts";
import type { ShardCommand } from "../../actors/protocol/shard.ts";
import { shardBehavior } from "../../actors/shard.ts";
import { askHead } from "../../server/head_questions.ts";

export interface StorageRun {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly counted: {
    appends: number;
    confirmed: number;
    shown: number;
    crashes: number;
    seals: number;
    timeouts: number;
    late: number;
  };
}

const KEYS = storageKeys(["d", 0]);
const COHORTS = ["a", "b", "c"];
const SERIES = 4;
const START_MS = 1_767_225_600_000;
const ROUND_MS_MAX = 20_000;
const SETTLE_MS = 400_000;
const LEASE_TTL_MS = 15_000;
const ASK_TIMEOUT_MS = 60_000;

interface Life {
  readonly sim: Simulated;
  readonly shard: ActorRef<ShardCommand>;
  readonly kv: GuardedKv;
  /** Answered in this life, and perhaps not durable. */
  readonly seen: Set<string>;
}

export async function runStorageSeed(seed: number, rounds = 120): Promise<StorageRun> {
  return await new StorageWorld(seed).run(rounds);
}

class StorageWorld {
  readonly problems: string[] = [];
  readonly counted = { appends: 0, confirmed: 0, shown: 0, crashes: 0, seals: 0, timeouts: 0, late: 0 };
  readonly #seed: number;
  readonly #rng;
  readonly #kv: SimKv;
  readonly #sent = new Set<string>();
  /** Must never be missed again: confirmed, or shown by an answer that waited for the journal. */
  readonly #due = new Set<string>();
  #late: (() => void)[] = [];
  #life: Life | undefined;
  #lives = 0;
  #nowMs = START_MS;

  constructor(seed: number) {
    this.#seed = seed;
    this.#rng = createRng(seed ^ 0x57012a6e);
    this.#kv = new SimKv({ delay: (delayMs) => this.#alive.sim.clock.delay(delayMs) });
  }

  get #alive(): Life {
    if (this.#life === undefined) throw new Error("no process runs");
    return this.#life;
  }

  async run(rounds: number): Promise<StorageRun> {
    try {
      await this.#begin();
      for (let round = 0; round < rounds && this.problems.length === 0; round++) {
        await this.#round();
        if (this.#alive.sim.fatal.length > 0) await this.#restart("it ended");
      }
      this.#calm();
      await this.#alive.sim.runFor(SETTLE_MS);
      if (this.#alive.sim.fatal.length > 0) await this.#restart("it ended");
      await this.#check("at the end");
      await this.#restart("the last time");
      await this.#check("after a restart");
      await this.#alive.sim.stop();
    } catch (error) {
      this.problems.push(`the run broke: ${error instanceof Error ? error.stack ?? error.message : error}`);
    }
    return { seed: this.#seed, problems: this.problems, counted: this.counted };
  }

  async #begin(): Promise<void> {
    this.#calm();
    const lease = await acquireLease(this.#kv, {
      holder: `life ${this.#lives}`,
      nowMs: this.#nowMs,
      exclusive: true,
      ttlMs: LEASE_TTL_MS,
    });
    let guarded: GuardedKv | undefined;
    const sim = createSimulation({
      seed: this.#seed + 1_000_003 * this.#lives++,
      startMs: this.#nowMs,
      kv: this.#kv,
      journal: (clock, log) => {
        const open = () => Promise.resolve(handleOf(this.#kv));
        guarded = new GuardedKv(handleOf(this.#kv), { clock, log, open });
        return new KvJournal({ kv: guarded, lease: lease.check });
      },
    });
    const kv = guarded!;
    const { clock, log } = sim;
    this.#life = { sim, kv, seen: new Set(), shard: { path: "/storage" } as ActorRef<ShardCommand> };
    const behavior = shardBehavior({
      kv,
      keys: KEYS,
      log,
      clock,
      checks: () => [lease.check],
      retentionMs: Infinity,
    });
    this.#life = { ...this.#life, shard: await sim.spawn("storage", behavior) };
  }

  /** The process dies: what it had on its way to the store arrives now, later, or never. */
  async #restart(why: string): Promise<void> {
    const { sim, kv, shard } = this.#alive;
    for (const { error } of sim.fatal) {
      if (
        !/could not be reached|connection was lost|could not be read|broke off|did not|does not answer/.test(
          messageOf(error),
        )
      ) {
        this.problems.push(`life ${this.#lives} failed for good: ${messageOf(error)}`);
      }
    }
    this.counted.timeouts += kv.figures().commitTimeouts;
    const state = sim.stateOf(shard.path) as { readonly counters: { readonly seals: number } } | undefined;
    this.counted.seals += state?.counters.seals ?? 0;
    this.counted.crashes++;
    for (const arrive of this.#kv.takeUnderWay()) {
      const roll = this.#below(3);
      if (roll === 0) arrive();
      else if (roll === 1) this.#late.push(arrive);
    }
    this.#nowMs = sim.clock.nowMs() + 1_000 + this.#below(30_000);
    sim.log.info("The process dies", { why });
    await this.#begin();
  }

  async #round(): Promise<void> {
    const { sim } = this.#alive;
    const roll = this.#below(100);
    if (roll < 60) {
      for (const cohort of COHORTS) if (this.#below(4) > 0) this.#append(cohort);
    } else if (roll < 75) this.#trouble();
    else if (roll < 82) this.#calm();
    else if (roll < 86) await this.#check("on the way");
    else if (roll < 90) await this.#crash();
    else if (roll < 94) {
      sim.crash("/storage");
      this.#alive.seen.clear();
    } else {
      this.counted.late += this.#late.length;
      for (const arrive of this.#late.splice(0)) arrive();
    }
    if (this.#alive.sim === sim) await sim.runFor(100 + this.#below(ROUND_MS_MAX));
  }

  /** In the middle of whatever is under way. */
  async #crash(): Promise<void> {
    const { sim } = this.#alive;
    for (const cohort of COHORTS) this.#append(cohort);
    await sim.steps(1 + this.#below(200), sim.clock.nowMs() + 3_000);
    await this.#restart("a crash");
  }

  #append(cohort: string): void {
    const { sim, shard, seen } = this.#alive;
    const tMs = sim.clock.nowMs();
    const durable = this.#below(3) === 0;
    const rows = 1 + this.#below(16);
    const batches = [batchOf(cohort, tMs, rows)];
    const keys = batches[0]!.rows.map((row) => `${cohort}/${row.tMs}`);
    for (const key of keys) this.#sent.add(key);
    this.counted.appends++;
    sim.ask(shard, { kind: "append", batches, atomic: false, durable }, ASK_TIMEOUT_MS).then(
      ([outcome]: readonly AppendOutcome[]) => {
        if (outcome?.kind !== "appended") return;
        // An answer of a dead process reached nobody.
        if (this.#life?.sim !== sim) return;
        if (outcome.counts.appended !== rows * SERIES) return;
        for (const key of keys) {
          seen.add(key);
          if (durable) this.#due.add(key);
        }
        if (durable) this.counted.confirmed++;
      },
      () => undefined, // late or refused: nothing was promised
    );
  }

  #trouble(): void {
    const kind = this.#below(6);
    const kv = this.#kv;
    this.#calm();
    if (kind === 0) kv.latencyMs = () => this.#below(40_000);
    else if (kind === 1) kv.fate = () => "lost";
    else if (kind === 2) {
      kv.latencyMs = () => this.#below(3_000);
      kv.fate = () => (["kept", "lost", "keptButRejected", "keptInSilence"] as const)[this.#below(4)]!;
    } else if (kind === 3) {
      kv.readFails = () => this.#below(3) === 0;
      kv.fate = () => this.#below(2) === 0 ? "keptButRejected" : "kept";
    } else if (kind === 4) {
      kv.listBreaksAfter = () => this.#below(3) === 0 ? this.#below(40) : undefined;
      kv.fate = () => this.#below(3) === 0 ? "keptInSilence" : "kept";
    } else {
      kv.answerMs = () => this.#below(25_000);
      kv.latencyMs = () => this.#below(500);
    }
  }

  #calm(): void {
    const kv = this.#kv;
    kv.latencyMs = () => 0;
    kv.answerMs = () => 0;
    kv.fate = () => "kept";
    kv.readFails = () => false;
    kv.listBreaksAfter = () => undefined;
  }

  /** Everything that was promised is there once, with its value, and nothing else. */
  async #check(when: string): Promise<void> {
    this.#calm();
    await this.#alive.sim.runFor(SETTLE_MS);
    if (this.#alive.sim.fatal.length > 0) await this.#restart("it ended");
    const { sim, shard, kv, seen } = this.#alive;
    const problem = (text: string) => void this.problems.push(`${when}, life ${this.#lives}: ${text}`);
    const cache = new PageCache({ kv, keys: KEYS, log: sim.log, bytesMax: 1 << 20 });
    const source = createSeriesSource({ head: askHead(sim, shard), cache });
    const found = new Map<string, number>();
    const read = async () => {
      const request = {
        matchers: [matcherOf("=~", "__name__", "m.")],
        range: { startMs: 0, endMs: 8e15 },
        samplesMax: 1e7,
      };
      for await (const group of source.select(request, new AbortController().signal)) {
        for (const [index, labels] of group.series.entries()) {
          const column = group.columns[index]!;
          const factor = Number(labels[1]!.slice(1));
          for (let row = 0; row < group.tMs.length; row++) {
            if (isAbsent(wordsOf(column), row)) continue;
            const tMs = group.tMs[row]!;
            const key = `${labels[3]}/${tMs}`;
            if (column[row] !== valueOf(factor, tMs)) problem(`${labels.join()} at ${tMs} is ${column[row]}`);
            found.set(key, (found.get(key) ?? 0) + 1);
          }
        }
      }
    };
    try {
      await sim.settle(read());
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return problem(`a calm store was not read: ${error.message}`);
    }
    for (const key of this.#due) if (!found.has(key)) problem(`${key} was promised, and is gone`);
    for (const key of seen) if (!found.has(key)) problem(`${key} was accepted in this life, and is gone`);
    for (const [key, count] of found) {
      if (!this.#sent.has(key)) problem(`${key} was never sent`);
      if (count !== SERIES) problem(`${key} has ${count} samples of ${SERIES}`);
      // The answer waited for the journal.
      this.#due.add(key);
      this.counted.shown++;
    }
    const stats = await sim.settle(sim.ask(shard, { kind: "stats" }, ASK_TIMEOUT_MS));
    if (stats.cohortsLost + stats.journalGaps > 0) problem("something of the store cannot be read");
    const pages = cache.stats();
    if (pages.damaged + pages.gone > 0) problem(`${pages.damaged} pages are damaged and ${pages.gone} gone`);
  }

  #below(count: number): number {
    return drawBelow(this.#rng, count);
  }
}

/** One of several on the same store. */
function handleOf(kv: SimKv): Kv {
  return {
    get: (key) => kv.get(key),
    list: (range, options) => kv.list(range, options),
    commit: (commit) => kv.commit(commit),
    close: () => {},
  };
}

function batchOf(cohort: string, tMs: number, rows: number): SampleBatch {
  return {
    cohort,
    epoch: 0,
    defined: Array.from({ length: SERIES }, (_, i) => labelsFromRecord({ __name__: `m${i}`, cohort })),
    rows: Array.from({ length: rows }, (_, row) => ({
      tMs: tMs + row,
      refs: Uint32Array.from({ length: SERIES }, (_, i) => NEW_SERIES_BIT + i),
      values: Float64Array.from({ length: SERIES }, (_, i) => valueOf(i, tMs + row)),
    })),
    strays: [],
  };
}

function valueOf(factor: number, tMs: number): number {
  return factor * (tMs - START_MS) + factor / 8;
}
