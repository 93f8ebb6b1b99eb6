import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../lib/storage/codecs/bytes.ts";
import { decodeColumn, encodeColumn, neverFalls } from "../../lib/storage/codecs/column.ts";
import { CorruptDataError } from "../../lib/storage/errors.ts";
import {
  ABSENT_HIGH,
  ABSENT_LOW,
  NAN_HIGH,
  NAN_LOW,
  STALE_HIGH,
  STALE_LOW,
  wordsOf,
} from "../../lib/model/stale.ts";

function encoded(words: Uint32Array): Uint8Array {
  const out = new ByteWriter();
  encodeColumn(out, words, words.length / 2);
  return out.take();
}

function decoded(bytes: Uint8Array, count: number): { words: Uint32Array; gaps: boolean; at: number } {
  const values = new Float64Array(count + 2).fill(7);
  const words = wordsOf(values);
  const input = new ByteReader(bytes, "column");
  const gaps = decodeColumn(input, values, words, 1, count);
  assert.equal(values[0], 7, "nothing before");
  assert.equal(values[count + 1], 7, "nothing behind");
  return { words: words.slice(2, 2 * count + 2), gaps, at: input.at };
}

function roundTrip(words: Uint32Array): Uint8Array {
  const bytes = encoded(words);
  const back = decoded(bytes, words.length / 2);
  assert.deepEqual(back.words, words);
  assert.equal(back.at, bytes.length, "all bytes are used");
  let gaps = false;
  for (let i = 0; i < words.length; i += 2) {
    if (words[i + 1] === ABSENT_HIGH && words[i] === ABSENT_LOW) gaps = true;
    if (words[i + 1] === STALE_HIGH && words[i] === STALE_LOW) gaps = true;
  }
  assert.equal(back.gaps, gaps);
  return bytes;
}

function ofNumbers(values: readonly number[]): Uint32Array {
  return wordsOf(Float64Array.from(values));
}

const cell = fc.oneof(
  { weight: 6, arbitrary: fc.double().map((value) => ofNumbers([value])) },
  { weight: 6, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((value) => ofNumbers([value / 100])) },
  fc.constantFrom(
    ofNumbers([0]),
    ofNumbers([-0]),
    ofNumbers([Infinity]),
    ofNumbers([-Infinity]),
    ofNumbers([5e-324]),
    ofNumbers([-5e-324]),
    ofNumbers([Number.MAX_VALUE]),
    ofNumbers([2 ** 53]),
    Uint32Array.of(NAN_LOW, NAN_HIGH),
    Uint32Array.of(STALE_LOW, STALE_HIGH),
    Uint32Array.of(ABSENT_LOW, ABSENT_HIGH),
  ),
  fc.tuple(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 0xffff_ffff })).map(([low, high]) =>
    Uint32Array.of(low, high)
  ),
);

function join(cells: readonly Uint32Array[]): Uint32Array {
  const words = new Uint32Array(cells.length * 2);
  cells.forEach((one, i) => words.set(one, 2 * i));
  return words;
}

Deno.test("a column of any doubles comes back bit for bit", () => {
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 90 }), (cells) => {
      roundTrip(join(cells));
    }),
    { numRuns: 600 },
  );
});

Deno.test("a column of decimals, counters or gauges with gaps comes back bit for bit", () => {
  const steps = fc.record({
    scale: fc.integer({ min: 0, max: 9 }),
    first: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    deltas: fc.array(fc.integer({ min: -70_000, max: 2 ** 33 }), { minLength: 1, maxLength: 100 }),
    factor: fc.constantFrom(1, 2, 4096, 1000),
    gaps: fc.array(fc.nat({ max: 99 }), { maxLength: 5 }),
  });
  fc.assert(
    fc.property(steps, ({ scale, first, deltas, factor, gaps }) => {
      let m = first;
      const words = ofNumbers(deltas.map((delta) => (m += delta * factor) / 10 ** scale));
      gaps.forEach((gap, i) => {
        if (gap >= deltas.length) return;
        words[2 * gap] = i % 2 === 0 ? STALE_LOW : ABSENT_LOW;
        words[2 * gap + 1] = i % 2 === 0 ? STALE_HIGH : ABSENT_HIGH;
      });
      roundTrip(words);
    }),
    { numRuns: 400 },
  );
});

Deno.test("small counters and gauges, up to what 32 bits hold and beyond, come back bit for bit", () => {
  const walks = fc.record({
    scale: fc.integer({ min: 0, max: 3 }),
    first: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
    deltas: fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 2, maxLength: 80 }),
    lift: fc.constantFrom(0, 300, 40_000),
    factor: fc.constantFrom(1, 3, 4096),
  });
  fc.assert(fc.property(walks, ({ scale, first, deltas, lift, factor }) => {
    let m = first;
    roundTrip(ofNumbers(deltas.map((delta) => (m += (delta + lift) * factor) / 10 ** scale)));
  }));
});

Deno.test("a column whose head says that it never falls does not, and a counter's head says so", () => {
  const rises = (numbers: readonly number[]) =>
    neverFalls(new ByteReader(encoded(ofNumbers(numbers)), "column"), 0);
  const deltas = fc.array(fc.integer({ min: -2, max: 200 }), { minLength: 1, maxLength: 80 });
  fc.assert(fc.property(deltas, (steps) => {
    let m = 0;
    const numbers = steps.map((step) => (m += step) / 100);
    if (rises(numbers)) { for (let i = 1; i < numbers.length; i++) assert(numbers[i]! >= numbers[i - 1]!); }
  }));
  let m = 0;
  let seed = 1;
  const counter = Array.from({ length: 64 }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return m += 100 + seed % 90;
  });
  assert.equal(rises(counter), true);
  assert.equal(rises([...counter, 0]), false);
  assert.equal(rises(new Array(10).fill(5)), true);
});

Deno.test("usual columns take few bytes", () => {
  const count = 64;
  const numbers = (f: (i: number) => number) =>
    roundTrip(ofNumbers(Array.from({ length: count }, (_, i) => f(i)))).length;
  assert(numbers(() => 0.1) <= 9, "a constant");
  assert(numbers((i) => 1_700_000_000_000 + i * 15_000) <= 20, "regular times");
  assert(numbers((i) => i * i % 7) <= count + 20, "small integers");
  assert(numbers((i) => (123_456 + i * 15 + i % 3) / 100) <= count + 20, "hundredths of seconds");
  assert(numbers((i) => 8e9 + (i * 37 % 100) * 4096) <= count + 24, "multiples of a page");
  assert.equal(
    roundTrip(join(Array.from({ length: count }, () => Uint32Array.of(ABSENT_LOW, ABSENT_HIGH)))).length,
    1,
  );
});

Deno.test("the decoder refuses changed bytes or yields some column, and never loops or reads beyond", () => {
  const base = fc.tuple(
    fc.array(cell, { minLength: 1, maxLength: 40 }),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))),
  );
  fc.assert(
    fc.property(base, ([cells, changes]) => {
      const bytes = encoded(join(cells));
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      try {
        decoded(bytes, cells.length);
      } catch (error) {
        assert(error instanceof CorruptDataError, String(error));
        assert.match(error.message, /Cannot decode column at byte \d+: /);
      }
    }),
    { numRuns: 600 },
  );
});
