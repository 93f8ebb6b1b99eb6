import assert from "node:assert/strict";
import fc from "fast-check";
import "../../seed.ts";
import { fillAbsent, isAbsent, isStale, setStale, wordsOf } from "../../../lib/model/stale.ts";
import { rollColumn } from "../../../lib/storage/retention/rollup.ts";

const INTERVAL_MS = 300_000;

type Cell = number | "absent" | "stale";

function rolled(tMs: readonly number[], cells: readonly Cell[]): Map<number, number | "stale"> {
  const values = new Float64Array(cells.length);
  const words = wordsOf(values);
  cells.forEach((cell, i) => {
    if (cell === "absent") fillAbsent(words, i, i + 1);
    else if (cell === "stale") setStale(words, i);
    else values[i] = cell;
  });
  const count = () => cells.reduce<number>((n, _, i) => n + (isAbsent(words, i) ? 0 : 1), 0);
  const before = count();
  const cleared = rollColumn(
    Float64Array.from(tMs),
    values,
    words,
    INTERVAL_MS,
    new Uint8Array(cells.length),
  );
  assert.equal(count(), before - cleared);
  const left = new Map<number, number | "stale">();
  cells.forEach((_, i) => {
    if (!isAbsent(words, i)) left.set(tMs[i]!, isStale(words, i) ? "stale" : values[i]!);
  });
  return left;
}

Deno.test("a roll-up keeps the first, the last, the smallest and the largest sample of an interval", () => {
  const tMs = [1, 60_000, 120_000, 180_000, 240_000, 300_000, 300_001];
  const left = rolled(tMs, [5, 9, 1, 2, 3, 4, 7]);
  assert.deepEqual([...left], [[1, 5], [60_000, 9], [120_000, 1], [300_000, 4], [300_001, 7]]);
});

Deno.test("a roll-up keeps both sides of a counter's reset, and forgets falls that are no resets", () => {
  const tMs = Array.from({ length: 10 }, (_, i) => 1 + i * 20_000);
  assert.deepEqual([...rolled(tMs, [5, 10, 40, 1, 3, 90, 120, 130, 140, 150]).values()], [5, 40, 1, 150]);
  assert.deepEqual([...rolled(tMs, [5, 4, 9, 8, 9, 8, 1, 20, 8, 9]).values()], [5, 1, 20, 9]);
});

Deno.test("a marker of staleness stays and parts an interval", () => {
  const tMs = Array.from({ length: 7 }, (_, i) => 1 + i * 20_000);
  assert.deepEqual([...rolled(tMs, [1, 2, 3, "stale", 7, 8, 9]).values()], [1, 3, "stale", 7, 9]);
});

interface Facts {
  readonly first: number;
  readonly last: number;
  readonly low: number;
  readonly high: number;
  readonly rise: number;
}

/** Of the samples in (startMs, endMs], as PromQL's functions see them. */
function factsOf(
  samples: readonly (readonly [tMs: number, value: number])[],
  startMs: number,
  endMs: number,
) {
  const inside = samples.filter(([tMs]) => tMs > startMs && tMs <= endMs).map(([, value]) => value);
  if (inside.length === 0) return undefined;
  let rise = inside[inside.length - 1]! - inside[0]!;
  for (let i = 1; i < inside.length; i++) if (inside[i]! < inside[i - 1]!) rise += inside[i - 1]!;
  const facts: Facts = {
    first: inside[0]!,
    last: inside[inside.length - 1]!,
    low: Math.min(...inside),
    high: Math.max(...inside),
    rise,
  };
  return facts;
}

Deno.test("over whole intervals, ends and extremes of anything and the rise of a counter are those of all samples", () => {
  fc.assert(fc.property(
    fc.array(
      fc.record({
        gapMs: fc.constantFrom(15_000, 15_000, 15_007, 40_000, 700_000),
        up: fc.nat({ max: 50 }),
        reset: fc.nat({ max: 30 }).map((n) => n === 0),
      }),
      { minLength: 1, maxLength: 400 },
    ),
    fc.boolean(),
    fc.nat({ max: 8 }),
    fc.integer({ min: 1, max: 6 }),
    (steps, counter, from, length) => {
      let at = 1_700_000_000_000;
      let value = 0;
      let resets = 0;
      let interval = 0;
      const samples = steps.map(({ gapMs, up, reset }) => {
        at += gapMs;
        const now = Math.ceil(at / INTERVAL_MS);
        if (now !== interval) resets = 0;
        interval = now;
        // Two resets in five minutes are promised, more are not.
        if (counter) value = reset && resets++ < 2 ? up : value + up;
        else value = up;
        return [at, value] as const;
      });
      const left = [...rolled(samples.map(([tMs]) => tMs), samples.map(([, v]) => v))] as [number, number][];
      const startMs = (Math.floor(samples[0]![0] / INTERVAL_MS) + from) * INTERVAL_MS;
      const endMs = startMs + length * INTERVAL_MS;
      const raw = factsOf(samples, startMs, endMs);
      const now = factsOf(left, startMs, endMs);
      if (counter) assert.deepEqual(now, raw);
      else assert.deepEqual({ ...now, rise: 0 }, { ...raw, rise: 0 });
      // Rolling up what was rolled up takes nothing away.
      assert.deepEqual(new Map(left), rolled(left.map(([tMs]) => tMs), left.map(([, v]) => v)));
    },
  ));
});
