import assert from "node:assert/strict";
import fc from "fast-check";
import { NEW_SERIES_BIT, type SampleBatch, type SampleRow } from "../../lib/model/batch.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { bitsOf, nameOf, ShardDriver } from "./shard_driver.ts";

const STEP_MS = 15_000;
const COHORTS = 3;
const SERIES = 9;

interface Sample {
  readonly series: number;
  readonly tMs: number;
  readonly value: number;
}

type Step =
  | { readonly kind: "scrape"; readonly cohort: number; readonly skip: number; readonly rows: number }
  | {
    readonly kind: "samples";
    readonly cohort: number;
    readonly samples: readonly Sample[];
    readonly stray: boolean;
    readonly atomic: boolean;
  }
  | { readonly kind: "drain" | "begin" | "finish" | "maintain" | "crash" | "age" }
  | { readonly kind: "release"; readonly cohort: number }
  | { readonly kind: "failing"; readonly fate: "lost" | "kept"; readonly after: number };

/** Series 8 is the same label set in every cohort. */
function labelsOf(cohort: number, series: number) {
  if (series === SERIES - 1) return labelsFromRecord({ __name__: "shared" });
  return labelsFromRecord({
    __name__: `m${series}`,
    job: `j${cohort}`,
    kind: series % 2 === 0 ? "even" : "odd",
  });
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("scrape" as const),
      cohort: fc.nat({ max: COHORTS - 1 }),
      skip: fc.nat({ max: 20 }),
      rows: fc.constantFrom(1, 1, 3, 20, 40),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("samples" as const),
      cohort: fc.nat({ max: COHORTS - 1 }),
      stray: fc.boolean(),
      atomic: fc.boolean(),
      samples: fc.array(
        fc.record({
          series: fc.nat({ max: SERIES - 1 }),
          tMs: fc.integer({ min: -60, max: 4 }).map((k) => k * STEP_MS + (k % 5 === 0 ? 7 : 0)),
          value: fc.constantFrom(1, 2, 2.5, NaN, -0),
        }),
        { minLength: 1, maxLength: 12 },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "drain" as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: "maintain" as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: "begin" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "finish" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "crash" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "age" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("release" as const), cohort: fc.nat({ max: COHORTS - 1 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("failing" as const),
      fate: fc.constantFrom("lost" as const, "kept" as const),
      after: fc.nat({ max: 2 }),
    }),
  },
);

/** What must be readable: per cohort and series, time → bits. Naive on purpose. */
class Model {
  cohorts: { name: string; series: Map<string, Map<number, string>> }[] = [];

  clone(): Model {
    const copy = new Model();
    copy.cohorts = this.cohorts.map(({ name, series }) => ({
      name,
      series: new Map([...series].map(([key, samples]) => [key, new Map(samples)])),
    }));
    return copy;
  }

  maxMs(): number {
    let max = -Infinity;
    for (const { series } of this.cohorts) {
      for (const samples of series.values()) max = Math.max(max, ...samples.keys());
    }
    return max;
  }

  apply(batch: SampleBatch): void {
    let cohort = this.cohorts.find(({ name }) => name === batch.cohort);
    if (cohort === undefined) this.cohorts.push(cohort = { name: batch.cohort, series: new Map() });
    const minMs = this.maxMs() - 3_600_000;
    const ascending = (rows: readonly SampleRow[]) => [...rows].sort((a, b) => a.tMs - b.tMs);
    for (const row of [...ascending(batch.rows), ...ascending(batch.strays)]) {
      row.refs.forEach((ref, i) => {
        const key = nameOf(batch.defined[ref - NEW_SERIES_BIT]!);
        let samples = cohort.series.get(key);
        if (samples === undefined) cohort.series.set(key, samples = new Map());
        if (row.tMs >= minMs && row.tMs > Math.max(-Infinity, ...samples.keys())) {
          samples.set(row.tMs, bitsOf(row.values, i));
        }
      });
    }
  }

  all(): Map<string, Map<number, string>> {
    const merged = new Map<string, Map<number, string>>();
    for (const { series } of this.cohorts) {
      for (const [key, samples] of series) {
        const into = merged.get(key) ?? new Map();
        for (const [tMs, bits] of samples) into.set(tMs, bits);
        if (into.size > 0) merged.set(key, into);
      }
    }
    return merged;
  }
}

function between(
  all: ReadonlyMap<string, ReadonlyMap<number, string>>,
  startMs: number,
  endMs: number,
  keep: (key: string) => boolean,
): Map<string, Map<number, string>> {
  const found = new Map<string, Map<number, string>>();
  for (const [key, samples] of all) {
    const inside = new Map([...samples].filter(([tMs]) => tMs >= startMs && tMs <= endMs));
    if (inside.size > 0 && keep(key)) found.set(key, inside);
  }
  return found;
}

function sorted(all: ReadonlyMap<string, ReadonlyMap<number, string>>) {
  return [...all].map(([key, samples]) => [key, [...samples].sort((a, b) => a[0] - b[0])] as const)
    .sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

class Run {
  readonly driver = new ShardDriver();
  model = new Model();
  durable = new Model();
  readonly nextMs: number[] = new Array(COHORTS).fill(1_000_000_000);
  #random = 1;

  #next(): number {
    this.#random = (Math.imul(this.#random, 1103515245) + 12345) & 0x7fffffff;
    return this.#random / 0x7fffffff;
  }

  /** Batches name all of their series each time: references are tested apart. */
  batch(
    cohort: number,
    rows: readonly { tMs: number; samples: readonly { series: number; value: number }[] }[],
    stray: boolean,
  ): SampleBatch {
    const used = [...new Set(rows.flatMap((row) => row.samples.map((sample) => sample.series)))].sort();
    const at = new Map(used.map((series, i) => [series, i]));
    const made: SampleRow[] = rows.map(({ tMs, samples }) => ({
      tMs,
      refs: Uint32Array.from(samples, (sample) => NEW_SERIES_BIT + at.get(sample.series)!),
      values: Float64Array.from(samples, (sample) => sample.value),
    }));
    return {
      cohort: `c${cohort}`,
      epoch: 0,
      defined: used.map((series) => labelsOf(cohort, series)),
      rows: stray ? [] : made,
      strays: stray ? made : [],
    };
  }

  async take(one: Step): Promise<void> {
    const { driver } = this;
    switch (one.kind) {
      case "scrape": {
        const rows = [];
        for (let r = 0; r < one.rows; r++) {
          const samples = [];
          for (let series = 0; series < SERIES; series++) {
            if (series === one.skip) continue;
            const value = series % 3 === 0
              ? 1
              : Math.floor(this.#next() * 1000) / (series % 3 === 1 ? 1 : 100);
            samples.push({ series, value });
          }
          rows.push({ tMs: this.nextMs[one.cohort]!, samples });
          this.nextMs[one.cohort]! += STEP_MS;
        }
        this.#append(this.batch(one.cohort, rows, false), false);
        break;
      }
      case "samples": {
        const byTime = new Map<number, { series: number; value: number }[]>();
        for (const { series, tMs, value } of one.samples) {
          const at = this.nextMs[one.cohort]! + tMs;
          const row = byTime.get(at) ?? [];
          if (!row.some((sample) => sample.series === series)) row.push({ series, value });
          byTime.set(at, row);
        }
        const rows = [...byTime].map(([tMs, samples]) => ({ tMs, samples }));
        this.#append(this.batch(one.cohort, rows, one.stray), one.atomic);
        break;
      }
      case "drain":
        this.#drain();
        break;
      case "maintain":
        driver.send({ kind: "maintenanceDue" });
        this.#drain();
        await driver.runTasks();
        break;
      case "begin":
        driver.send({ kind: "maintenanceDue" });
        break;
      case "finish":
        this.#drain();
        await driver.runTasks();
        break;
      case "age":
        driver.nowMs += 30 * 60_000;
        break;
      case "release":
        driver.send({ kind: "releaseCohort", cohort: `c${one.cohort}` });
        break;
      case "failing": {
        let left = one.after;
        driver.kv.fate = () => left-- > 0 ? "ok" : one.fate;
        driver.send({ kind: "maintenanceDue" });
        this.#drain();
        await driver.runTasks();
        driver.kv.fate = () => "ok";
        break;
      }
      case "crash":
        this.model = this.durable.clone();
        await driver.crash();
        break;
    }
  }

  #append(batch: SampleBatch, atomic: boolean): void {
    const clone = structuredClone(batch);
    const [outcome] = this.driver.append([batch], atomic);
    assert(outcome !== undefined);
    if (outcome.kind === "appended") this.model.apply(clone);
    else assert.equal(outcome.kind, atomic ? "refused" : "appended");
  }

  #drain(): void {
    this.driver.drain();
    this.durable = this.model.clone();
  }
}

Deno.test("whatever happens, a reader sees exactly what was accepted, and a crash forgets only what was not drained", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.nat({ max: 80 }),
      async (steps, window) => {
        const run = new Run();
        await run.driver.open();
        const everything = [matcherOf("=~", "__name__", ".+")];
        for (const one of steps) {
          await run.take(one);
          if (one.kind === "crash" || one.kind === "failing") {
            assert.deepEqual(
              sorted(await run.driver.read(everything)),
              sorted(run.model.all()),
              `after ${one.kind}`,
            );
          }
        }
        const expected = run.model.all();
        assert.deepEqual(sorted(await run.driver.read(everything)), sorted(expected));
        const startMs = 1_000_000_000 + window * STEP_MS;
        const endMs = startMs + 50 * STEP_MS;
        assert.deepEqual(
          sorted(await run.driver.read([matcherOf("!=", "kind", "odd")], startMs, endMs)),
          sorted(between(expected, startMs, endMs, (key) => !key.includes("odd"))),
        );
        // Everything to pages, then once more from scratch.
        for (let i = 0; i < COHORTS; i++) await run.take({ kind: "release", cohort: i });
        while (await run.driver.maintain());
        await run.driver.crash();
        assert.deepEqual(
          sorted(await run.driver.read(everything)),
          sorted(expected),
          "after the last restart",
        );
      },
    ),
    { numRuns: 120 },
  );
});
