import assert from "node:assert/strict";
import { formatDescription } from "../../../lib/model/histogram/format.ts";
import { histogramIncrease, histogramStep, type SeriesKind } from "../../../lib/model/histogram/increase.ts";
import { histogram } from "./samples.ts";

function increase(kind: SeriesKind, ...notations: readonly string[]) {
  const { histogram: h, ...notes } = histogramIncrease(notations.map(histogram), kind);
  return { text: h === undefined ? undefined : formatDescription(h), ...notes };
}

const QUIET = { kindMismatch: false, boundsReconciledSubtracting: false, boundsReconciledAdding: false };

Deno.test("an increase is the difference of the ends, and a gauge", () => {
  assert.deepEqual(
    increase(
      "counter",
      "{{count:1 sum:1 buckets:[1]}}",
      "{{count:3 sum:4 buckets:[2 1]}}",
      "{{count:5 sum:6 buckets:[2 3]}}",
    ),
    { ...QUIET, text: "{{count:4 sum:5 counter_reset_hint:gauge buckets:[1 3]}}" },
  );
});

Deno.test("what a counter held before a reset is added", () => {
  assert.deepEqual(
    increase(
      "counter",
      "{{count:1 sum:1 buckets:[1]}}",
      "{{count:4 sum:4 buckets:[4]}}",
      "{{count:2 sum:2 buckets:[2]}}",
    ),
    { ...QUIET, text: "{{count:5 sum:5 counter_reset_hint:gauge buckets:[5]}}" },
  );
  assert.deepEqual(
    increase(
      "counter",
      "{{count:3 sum:1 buckets:[3]}}",
      "{{count:3 sum:3 buckets:[3] counter_reset_hint:reset}}",
    ),
    { ...QUIET, text: "{{count:3 sum:3 counter_reset_hint:gauge buckets:[3]}}" },
  );
});

Deno.test("a reset right behind the first point makes its layout irrelevant", () => {
  assert.deepEqual(
    increase(
      "counter",
      "{{count:9 sum:9 buckets:[9]}}",
      "{{schema:-53 count:2 custom_values:[1] buckets:[2]}}",
      "{{schema:-53 count:3 custom_values:[1] buckets:[3]}}",
    ),
    { ...QUIET, text: "{{schema:-53 count:3 custom_values:[1] counter_reset_hint:gauge buckets:[3]}}" },
  );
});

Deno.test("an increase has the coarsest schema of its points", () => {
  assert.deepEqual(
    increase(
      "counter",
      "{{schema:1 count:2 offset:1 buckets:[1 1]}}",
      "{{count:3 offset:1 buckets:[3]}}",
      "{{count:6 offset:1 buckets:[6]}}",
    ),
    { ...QUIET, text: "{{count:4 counter_reset_hint:gauge offset:1 buckets:[4]}}" },
  );
});

Deno.test("custom bounds that differ are reduced to those in common, and the caller hears of it", () => {
  assert.deepEqual(
    increase(
      "gauge",
      "{{schema:-53 count:3 custom_values:[2 4] buckets:[1 1 1] counter_reset_hint:gauge}}",
      "{{schema:-53 count:6 custom_values:[2 3] buckets:[2 2 2] counter_reset_hint:gauge}}",
    ),
    {
      ...QUIET,
      boundsReconciledSubtracting: true,
      text: "{{schema:-53 count:3 custom_values:[2] counter_reset_hint:gauge buckets:[1 2]}}",
    },
  );
});

Deno.test("exponential and custom buckets have no difference", () => {
  const gauges = [
    "{{counter_reset_hint:gauge}}",
    "{{schema:-53 custom_values:[1] counter_reset_hint:gauge}}",
  ];
  assert.deepEqual(increase("gauge", gauges[0]!, gauges[1]!), { ...QUIET, text: undefined });
  assert.deepEqual(
    increase("counter", "{{count:1}}", "{{count:2}}", "{{schema:-53 count:3 custom_values:[1]}}"),
    { ...QUIET, text: undefined },
  );
  assert.equal(histogramStep(histogram(gauges[0]!), histogram(gauges[1]!), "gauge").histogram, undefined);
});

Deno.test("a hint that contradicts the function is told", () => {
  assert.ok(increase("counter", "{{}}", "{{counter_reset_hint:gauge}}", "{{}}").kindMismatch);
  assert.ok(increase("gauge", "{{counter_reset_hint:gauge}}", "{{}}").kindMismatch);
  assert.equal(
    increase("gauge", "{{counter_reset_hint:gauge}}", "{{}}", "{{counter_reset_hint:gauge}}").kindMismatch,
    false,
  );
});

Deno.test("a step is the difference of two points, or the second after a reset", () => {
  const [low, high] = [
    histogram("{{count:2 sum:1 buckets:[2]}}"),
    histogram("{{count:5 sum:3 buckets:[5]}}"),
  ];
  assert.equal(
    formatDescription(histogramStep(low, high, "counter").histogram!),
    "{{count:3 sum:2 counter_reset_hint:gauge buckets:[3]}}",
  );
  assert.equal(
    formatDescription(histogramStep(high, low, "counter").histogram!),
    "{{count:2 sum:1 counter_reset_hint:gauge buckets:[2]}}",
  );
  assert.equal(
    formatDescription(histogramStep(high, low, "gauge").histogram!),
    "{{count:-3 sum:-2 counter_reset_hint:gauge buckets:[-3]}}",
  );
});
