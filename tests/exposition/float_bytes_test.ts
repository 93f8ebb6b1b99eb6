import assert from "node:assert/strict";
import fc from "fast-check";
import { readFloat, readPlainFloat } from "../../lib/exposition/float_bytes.ts";
import { formatFloatE, formatFloatF, formatFloatG, parseGoFloat } from "../../lib/model/float.ts";

const out = new Float64Array(1);

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text + "\n");
}

function sameAsGo(text: string): void {
  const bytes = bytesOf(text);
  const expected = /[pP_]/.test(text) ? undefined : parseGoFloat(text);
  out[0] = 42;
  const fault = readFloat(bytes, 0, bytes.length - 1, out, 0);
  assert.equal(fault === undefined, expected !== undefined, text);
  if (expected !== undefined) assert.ok(Object.is(out[0], expected), `${text}: ${out[0]}`);
  const stop = readPlainFloat(bytes, 0, out, 0);
  if (stop === bytes.length - 1) assert.ok(Object.is(out[0], expected), `${text}, plainly: ${out[0]}`);
}

Deno.test("every double reads back from each of its layouts", () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      for (const text of [formatFloatF(value), formatFloatE(value), formatFloatG(value), String(value)]) {
        sameAsGo(text);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("short decimals read as Number reads them", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(99_999), fc.integer({ min: -30, max: 30 }), (whole, fraction, exponent) => {
      for (
        const text of [
          `${whole}`,
          `-${whole}.${fraction}`,
          `${whole}.${fraction}e${exponent}`,
          `+${fraction}E${exponent}`,
        ]
      ) {
        sameAsGo(text);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("text that is nearly a number is refused as Go refuses it", () => {
  const part = fc.constantFrom(
    "1",
    "0",
    ".",
    "-",
    "+",
    "e",
    "E",
    "x",
    "_",
    "p",
    "inf",
    "nan",
    "9007199254740993",
    " ",
    "ity",
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 6 }), (parts) => sameAsGo(parts.join(""))), {
    numRuns: 3000,
  });
});
