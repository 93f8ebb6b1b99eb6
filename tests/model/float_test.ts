import assert from "node:assert/strict";
import {
  formatFloatE,
  formatFloatF,
  formatFloatG,
  formatOpenMetricsFloat,
  formatSampleValue,
  parseGoFloat,
} from "../../lib/model/float.ts";

Deno.test("floats are laid out as Go lays them out", () => {
  for (
    const [value, f, e, g] of [
      [0, "0", "0e+00", "0"],
      [-0, "-0", "-0e+00", "-0"],
      [1, "1", "1e+00", "1"],
      [100_000, "100000", "1e+05", "100000"],
      [1_000_000, "1000000", "1e+06", "1e+06"],
      [123_456_789, "123456789", "1.23456789e+08", "1.23456789e+08"],
      [0.0001, "0.0001", "1e-04", "0.0001"],
      [0.00001, "0.00001", "1e-05", "1e-05"],
      [1e23, "1" + "0".repeat(23), "1e+23", "1e+23"],
      [5e-324, "0." + "0".repeat(323) + "5", "5e-324", "5e-324"],
      [NaN, "NaN", "NaN", "NaN"],
      [-Infinity, "-Inf", "-Inf", "-Inf"],
    ] as const
  ) {
    assert.deepEqual([formatFloatF(value), formatFloatE(value), formatFloatG(value)], [f, e, g]);
  }
});

Deno.test("sample values take an exponent below 1e-6 and from 1e21 on", () => {
  assert.deepEqual(
    [1e-6, 9.9e-7, 1e20, 1e21, -1e21, 0, 1.5, Infinity].map(formatSampleValue),
    ["0.000001", "9.9e-07", "100000000000000000000", "1e+21", "-1e+21", "0", "1.5", "+Inf"],
  );
});

Deno.test("le and quantile become OpenMetrics floats", () => {
  assert.deepEqual(
    [1, 0.5, 100_000, 1_000_000, 0.00001, Infinity].map(formatOpenMetricsFloat),
    ["1.0", "0.5", "100000.0", "1e+06", "1e-05", "+Inf"],
  );
});

Deno.test("what Go's ParseFloat refuses is refused, hexadecimal and underscores too", () => {
  for (const text of ["", " 1", "1 ", "0x10", "1_000", "1e", "+", ".", "1e400", "-nan", "infinit", "1p3"]) {
    assert.equal(parseGoFloat(text), undefined, JSON.stringify(text));
  }
  assert.deepEqual(
    ["1", "+1.5e3", ".5", "5.", "inf", "+Inf", "-INFINITY", "1e-400"].map(parseGoFloat),
    [1, 1500, 0.5, 5, Infinity, Infinity, -Infinity, 0],
  );
  assert.ok(Number.isNaN(parseGoFloat("nAn")));
});
