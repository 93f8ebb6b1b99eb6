import { strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { formatRfc3339 } from "../../lib/core/rfc3339.ts";
import { parseApiDurationMs, parseTimeMs, TIME_MS_MAX, TIME_MS_MIN } from "../../lib/http/times.ts";

Deno.test("times are Unix seconds or RFC 3339, to the millisecond", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["1435781451.781", 1435781451781],
    ["1.4e9", 1_400_000_000_000],
    ["-1.5", -1500],
    ["0", 0],
    ["2015-07-01T20:10:51.781Z", 1435781451781],
    ["2015-07-01T20:10:51.781999999Z", 1435781451781],
    ["2015-07-01T22:10:51+02:00", 1435781451000],
    ["1969-12-31T23:59:59.5Z", -500],
    ["2024-02-29T00:00:00Z", 1709164800000],
    ["-292273086-05-16T16:47:06Z", TIME_MS_MIN],
    ["292277025-08-18T07:12:54.999999999Z", TIME_MS_MAX],
    ["1e30", TIME_MS_MAX],
  ];
  for (const [text, ms] of cases) strictEqual(parseTimeMs(text), ms, text);
});

Deno.test("what is no time is refused by name", () => {
  for (
    const text of [
      "",
      "now",
      "2015-06-31T00:00:00Z",
      "2015-07-01 20:10:51Z",
      "2015-07-01T25:00:00Z",
      "NaN",
      "0x10",
    ]
  ) {
    throws(() => parseTimeMs(text), { message: `cannot parse "${text}" to a valid timestamp` });
  }
});

Deno.test("durations are float seconds or Prometheus durations", () => {
  strictEqual(parseApiDurationMs("15"), 15_000);
  strictEqual(parseApiDurationMs("0.0015"), 1);
  strictEqual(parseApiDurationMs("1h30m"), 5_400_000);
  strictEqual(parseApiDurationMs("-1"), -1000);
  throws(() => parseApiDurationMs("5 minutes"), { message: 'cannot parse "5 minutes" to a valid duration' });
  throws(() => parseApiDurationMs("1e10"), {
    message: 'cannot parse "1e10" to a valid duration. It overflows int64',
  });
});

Deno.test("a time that is written reads back", () => {
  strictEqual(formatRfc3339(1435781451780), "2015-07-01T20:10:51.78Z");
  strictEqual(formatRfc3339(0), "1970-01-01T00:00:00Z");
  strictEqual(formatRfc3339(undefined), "0001-01-01T00:00:00Z");
  fc.assert(
    fc.property(fc.integer({ min: -62_000_000_000_000, max: 250_000_000_000_000 }), (ms) => {
      strictEqual(parseTimeMs(formatRfc3339(ms)), ms);
    }),
  );
});
