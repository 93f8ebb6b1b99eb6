import { strictEqual } from "node:assert/strict";
import {
  formatAgo,
  formatCount,
  formatDuration,
  formatShortMs,
  formatSi,
  formatTime,
  parseDuration,
  parseTime,
} from "../../ui/format.ts";

Deno.test("axis values have SI units", () => {
  for (
    const [value, text] of [
      [0, "0"],
      [1, "1"],
      [999, "999"],
      [1000, "1k"],
      [1_234_567, "1.235M"],
      [-25e9, "-25G"],
      [0.5, "0.5"],
      [0.0012, "0.0012"],
      [0.0000125, "12.5µ"],
      [1e30, "1.000e+30"],
      [NaN, "NaN"],
      [-Infinity, "-Inf"],
    ] as const
  ) strictEqual(formatSi(value), text);
});

Deno.test("ranges are read as people write them, and written so", () => {
  for (
    const [text, ms] of [["1h30m", 5_400_000], ["90s", 90_000], ["15", 15_000], ["1w", 604_800_000]] as const
  ) {
    strictEqual(parseDuration(text), ms);
  }
  for (const text of ["", "0", "0s", "h", "1x", "1h 30m", "-5m"]) strictEqual(parseDuration(text), undefined);
  strictEqual(formatDuration(5_400_000), "1h30m");
  strictEqual(formatDuration(86_400_000), "1d");
  strictEqual(formatDuration(1500), "1s500ms");
});

Deno.test("times are read in the zone in which they are shown", () => {
  const ms = Date.UTC(2026, 1, 3, 4, 5, 6);
  strictEqual(formatTime(ms, "utc"), "2026-02-03 04:05:06");
  for (const zone of ["utc", "local"] as const) strictEqual(parseTime(formatTime(ms, zone), zone), ms);
  strictEqual(parseTime("2026-02-03", "utc"), Date.UTC(2026, 1, 3));
  strictEqual(parseTime("2026-02-03T04:05:06Z", "local"), ms);
  for (const text of ["", "soon", "2026", "12:00", "2026-13-40 00:00"]) {
    strictEqual(parseTime(text, "utc"), undefined);
  }
});

Deno.test("ages, durations and counts read well", () => {
  strictEqual(formatAgo(1000, 1200), "just now");
  strictEqual(formatAgo(0, 12_000), "12s ago");
  strictEqual(formatAgo(0, 180_000), "3m ago");
  strictEqual(formatShortMs(0.7712), "0.77ms");
  strictEqual(formatShortMs(1234), "1.23s");
  strictEqual(formatCount(1, "row"), "1 row");
  strictEqual(formatCount(12_345, "row"), "12,345 rows");
  strictEqual(formatCount(2, "series"), "2 series");
});
