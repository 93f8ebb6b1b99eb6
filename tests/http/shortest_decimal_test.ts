import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { writeShortest } from "../../lib/http/shortest_decimal.ts";

const bytes = new Uint8Array(64);
const view = new DataView(bytes.buffer);
const decoder = new TextDecoder();

/** Undefined where it is left to the caller. */
function written(value: number): string | undefined {
  const end = writeShortest(bytes, view, 0, value);
  return end < 0 ? undefined : decoder.decode(bytes.subarray(0, end));
}

/** As `String()`, the oracle: in the range that is handled, it never uses an exponent. */
function holds(value: number): void {
  const text = written(value);
  if (text !== undefined) strictEqual(text, String(value));
}

function neighbour(value: number, steps: number): number {
  const cell = new Float64Array([value]);
  const bits = new BigInt64Array(cell.buffer);
  bits[0] = bits[0]! + BigInt(steps);
  return cell[0]!;
}

Deno.test("a double is written as the shortest decimal that reads back as it", () => {
  const cases: readonly number[] = [
    ...[0.1, 0.5, 1, 1.5, 0.1 + 0.2, 1 / 3, 2 / 3, 5e-324, 1e-6, 9.999999999999999e-7, 123456789.125],
    ...[0.8960666666666658, 1 - 2 ** -53, 999999999999999.9, 9007199254740991 / 10, 4503599627370497.5 / 8],
    ...[1e14, 1e15, 1e21, 2 ** 31, 2 ** 40 + 0.5, 0.000001234567890123456, -17.25, -1 / 7],
  ];
  for (const value of cases) holds(value);
  strictEqual(written(0.1 + 0.2), "0.30000000000000004");
  strictEqual(written(-1 / 7), "-0.14285714285714285");
  strictEqual(written(1e14), "100000000000000");
  for (const value of [0, -0, NaN, Infinity, 1e-7, 1e15]) strictEqual(written(value), undefined);
});

Deno.test("any double is written as String() writes it, or left alone", () => {
  const sizes = fc.tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: -7, max: 15 }));
  fc.assert(
    fc.property(sizes, fc.boolean(), ([digits, exponent], negative) => {
      const value = digits * 10 ** exponent;
      holds(negative ? -value : value);
    }),
    { numRuns: 20_000 },
  );
  fc.assert(fc.property(fc.double(), holds), { numRuns: 5_000 });
});

Deno.test("a decimal of few digits and its neighbours are written as String() writes them", () => {
  const decimals = fc.tuple(
    fc.maxSafeInteger(),
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: -3, max: 3 }),
  );
  fc.assert(
    fc.property(decimals, ([digits, places, steps]) => holds(neighbour(digits / 10 ** places, steps))),
    { numRuns: 20_000 },
  );
  for (let exponent = -20; exponent < 50; exponent++) {
    for (let steps = -3; steps <= 3; steps++) holds(neighbour(2 ** exponent, steps));
  }
});

Deno.test("nearly no value of a rate is left to the caller", () => {
  let left = 0;
  for (let i = 1; i <= 10_000; i++) if (written((i / 100) * (300 / 285) / 300) === undefined) left++;
  ok(left < 100, `${left} of 10,000`);
});
