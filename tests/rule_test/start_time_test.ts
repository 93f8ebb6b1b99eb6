import { strictEqual, throws } from "node:assert/strict";
import { parseStartMs } from "../../lib/rule_test/start_time.ts";

Deno.test("a test begins at the epoch, at a Unix time or at an RFC3339 time", () => {
  const cases: readonly (readonly [text: string, ms: number])[] = [
    ["", 0],
    ["0", 0],
    ["1609459200", 1_609_459_200_000],
    ["1.5", 1500],
    ["-2", -2000],
    ["1e3", 1_000_000],
    ["2024-01-01T00:00:00Z", 1_704_067_200_000],
    ["2024-02-29T23:59:59.250+02:30", 1_709_242_199_250],
  ];
  for (const [text, ms] of cases) strictEqual(parseStartMs(text), ms, text);
  for (const text of ["now", "2024-02-30T00:00:00Z", "2024-01-01", "2024-01-01T25:00:00Z", "1s"]) {
    throws(
      () => parseStartMs(text),
      { message: /^expected a Unix timestamp or an RFC3339 time, got / },
      text,
    );
  }
});
