/**
 * Time as numbers: milliseconds since the Unix epoch, and durations in milliseconds. Durations are written as
 * Prometheus writes them: `1h30m`, units falling from years to milliseconds, each at most once; `0` alone is allowed.
 */

/** Milliseconds since the Unix epoch: an integer, exact up to 2^53. */
export type EpochMs = number;

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 365 * 24 * 3600_000],
  ["w", 7 * 24 * 3600_000],
  ["d", 24 * 3600_000],
  ["h", 3600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const DURATION =
  /^(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/;

/** As Go's time.Duration: 2^63 ns, a little over 292 years. */
const DURATION_MS_MAX = 9_223_372_036_854;

/** Parses a Prometheus duration to milliseconds; undefined when `text` is none or overflows Go's duration. */
export function parseDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  if (text === "") return undefined;
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  let ms = 0;
  for (let i = 0; i < UNITS.length; i++) {
    const digits = match[i + 1];
    if (digits !== undefined) ms += Number(digits) * UNITS[i]![1];
  }
  return ms <= DURATION_MS_MAX ? ms : undefined;
}

/**
 * Writes a duration as Prometheus's model.Duration does: `1m`, `1h30m`, `15d`; `0s` for zero. Years and weeks
 * are used only when they divide the duration, as `7d` reads better than `1w` in a sum.
 */
export function formatDurationMs(durationMs: number): string {
  if (durationMs === 0) return "0s";
  let rest = Math.abs(Math.round(durationMs));
  let text = durationMs < 0 ? "-" : "";
  for (const [unit, ms] of UNITS) {
    const exactOnly = unit === "y" || unit === "w";
    if (exactOnly && rest % ms !== 0) continue;
    const count = Math.floor(rest / ms);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * ms;
  }
  return text;
}
