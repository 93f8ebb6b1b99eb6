/**
 * Drives the shard's behaviour by hand, one effect at a time: what the runtime does, but with each step in the
 * test's hands. The journal is an array; a crash forgets the state and what was not drained.
 */
import assert from "node:assert/strict";
import type { Effect } from "../../lib/actor/types.ts";
import type { Log } from "../../lib/core/ports.ts";
import type { AppendOutcome, SampleBatch } from "../../lib/model/batch.ts";
import type { Labels } from "../../lib/model/labels.ts";
import type { Matcher } from "../../lib/model/matchers.ts";
import { isAbsent, wordsOf } from "../../lib/model/stale.ts";
import type { Head } from "../../lib/storage/head.ts";
import { storageKeys } from "../../lib/storage/keys.ts";
import { keepingFor, type RetentionPolicy } from "../../lib/storage/retention/policy.ts";
import { PageCache } from "../../lib/storage/page_cache.ts";
import { createSeriesSource } from "../../lib/storage/reader.ts";
import type { SeriesSource } from "../../lib/storage/source.ts";
import type { ShardOptions } from "../../lib/storage/shard_options.ts";
import { shardBehavior } from "../../actors/shard.ts";
import type { ShardCommand } from "../../actors/protocol/shard.ts";
import { MemoryKv } from "./memory_kv.ts";

export const QUIET: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => QUIET };
export const KEYS = storageKeys(["s", 0]);

type Plain = ShardCommand extends infer C ? C extends { replyTo: unknown } ? Omit<C, "replyTo"> : C : never;

export class ShardDriver {
  readonly kv = new MemoryKv();
  readonly journal = new Map<number, Uint8Array>();
  nowMs = 1_700_000_000_000;
  #seq = 0;
  state: Head | undefined;
  #behavior;
  /** Tasks that wait to be run. */
  tasks: (() => Promise<ShardCommand>)[] = [];
  durableWaits: (readonly Effect<ShardCommand>[])[] = [];
  replies: unknown[] = [];
  readonly cache: PageCache;
  #readings = 0;
  readonly source: SeriesSource;

  constructor(readonly retentionMs = Infinity, more: Partial<ShardOptions> = {}) {
    this.#behavior = shardBehavior({ kv: this.kv, keys: KEYS, log: QUIET, retentionMs, ...more });
    this.cache = new PageCache({ kv: this.kv, keys: KEYS, log: QUIET, bytesMax: 1 << 20 });
    this.source = createSeriesSource({
      cache: this.cache,
      head: {
        view: (matcherSets, range, after, labelNames) =>
          Promise.resolve(this.ask({ kind: "view", matcherSets, range, after, labelNames })) as never,
        // The test drains, so that it knows what a crash may forget.
        untilDurable: () => Promise.resolve(),
        series: (matcherSets, range, cursor) =>
          Promise.resolve(this.ask({ kind: "series", matcherSets, range, cursor })) as never,
        labelNames: (matcherSets, range, cursor) =>
          Promise.resolve(this.ask({ kind: "labelNames", matcherSets, range, cursor })) as never,
        labelValues: (name, matcherSets, range, cursor) =>
          Promise.resolve(this.ask({ kind: "labelValues", name, matcherSets, range, cursor })) as never,
      },
    });
  }

  get head(): Head {
    assert(this.state !== undefined);
    return this.state;
  }

  async open(): Promise<void> {
    const how = this.#behavior.persistence;
    assert(how.kind === "behind");
    const { state, afterSeq } = await how.open();
    this.state = state;
    this.#seq = afterSeq;
    while (this.journal.has(this.#seq + 1)) {
      this.#seq++;
      this.state = how.replay(this.head, this.journal.get(this.#seq)!, this.#seq);
    }
    assert.equal(Math.max(this.#seq, ...this.journal.keys()), this.#seq, "the journal has no gap");
    this.#behavior.resume(this.head, this.nowMs);
  }

  /** Memory is gone; so are tasks and what was not drained. */
  async crash(): Promise<void> {
    this.state = undefined;
    this.tasks = [];
    this.durableWaits = [];
    await this.open();
  }

  drain(): void {
    const how = this.#behavior.persistence;
    assert(how.kind === "behind");
    for (const record of how.drain(this.head, this.#seq + 1)) this.journal.set(++this.#seq, record);
    const waits = this.durableWaits;
    this.durableWaits = [];
    for (const effects of waits) this.#perform(effects);
  }

  send(command: ShardCommand): void {
    const decision = this.#behavior.decide(this.head, command, this.nowMs);
    for (const event of decision.events) this.state = this.#behavior.evolve(this.head, event);
    this.#perform(decision.effects);
  }

  #perform(effects: readonly Effect<ShardCommand>[]): void {
    for (const effect of effects) {
      if (effect.kind === "reply") this.replies.push(effect.reply);
      else if (effect.kind === "whenDurable") this.durableWaits.push(effect.effects);
      else if (effect.kind === "truncate") {
        for (const seq of [...this.journal.keys()]) if (seq <= effect.throughSeq) this.journal.delete(seq);
      } else if (effect.kind === "task") {
        this.tasks.push(async () => {
          try {
            return await effect.run(new AbortController().signal);
          } catch (error) {
            return effect.failed(error);
          }
        });
      }
    }
  }

  ask(command: Plain): unknown {
    this.replies = [];
    this.send({ ...command, replyTo: { path: "/test", token: 1 } } as ShardCommand);
    assert.equal(this.replies.length, 1, "one answer");
    return this.replies[0];
  }

  append(batches: readonly SampleBatch[], atomic = false): readonly AppendOutcome[] {
    return this.ask({ kind: "append", batches, atomic, durable: false }) as readonly AppendOutcome[];
  }

  /** Looks at retention until the clock is believed wherever it stands, and the one that acts on it. */
  retain(): void {
    for (let look = 0; look <= 12; look++) this.send({ kind: "retentionDue" });
  }

  /** One maintenance run from plan to fold; false when there was nothing to do. */
  async maintain(): Promise<boolean> {
    this.send({ kind: "maintenanceDue" });
    this.drain();
    return await this.runTasks();
  }

  /** Puts a policy in force and lets retention look once, as its timer does. */
  keep(policy: Partial<RetentionPolicy>): void {
    this.ask({ kind: "setRetention", policy: { ...keepingFor(Infinity), ...policy } });
    this.send({ kind: "retentionDue" });
  }

  async runTasks(): Promise<boolean> {
    const tasks = this.tasks;
    this.tasks = [];
    for (const task of tasks) this.send(await task());
    return tasks.length > 0;
  }

  /** Every sample of the matching series: labels key → time → bits. */
  async read(
    matchers: readonly Matcher[],
    startMs = -8e15,
    endMs = 8e15,
  ): Promise<Map<string, Map<number, string>>> {
    const all = new Map<string, Map<number, string>>();
    // Every other reading takes its groups in memory that they share.
    const oneAtATime = this.#readings++ % 2 === 1;
    const request = { matchers, range: { startMs, endMs }, samplesMax: 1e9, oneAtATime };
    for await (const group of this.source.select(request, new AbortController().signal)) {
      for (let r = 1; r < group.tMs.length; r++) assert(group.tMs[r]! > group.tMs[r - 1]!, "times ascend");
      group.series.forEach((labels, i) => {
        const key = nameOf(labels);
        assert(!all.has(key), `${key} occurs in one group`);
        const samples = new Map<number, string>();
        const column = group.columns[i]!;
        assert.equal(column.length, group.tMs.length);
        const words = wordsOf(column);
        if (group.rising?.[i] === true) {
          assert.equal(group.gaps[i], false, "a rising column has no gaps");
          for (let r = 1; r < column.length; r++) {
            assert(!(column[r]! < column[r - 1]!), "a rising column rises");
          }
        }
        for (let r = 0; r < column.length; r++) {
          if (isAbsent(words, r)) {
            assert.equal(group.gaps[i], true, "gaps are announced");
            continue;
          }
          samples.set(group.tMs[r]!, `${words[2 * r + 1]!.toString(16)}:${words[2 * r]!.toString(16)}`);
        }
        all.set(key, samples);
      });
    }
    for (const [key, samples] of all) if (samples.size === 0) all.delete(key);
    return all;
  }
}

export function nameOf(labels: Labels): string {
  return labels.join(",");
}

export function bitsOf(values: Float64Array, at: number): string {
  const words = wordsOf(values);
  return `${words[2 * at + 1]!.toString(16)}:${words[2 * at]!.toString(16)}`;
}
