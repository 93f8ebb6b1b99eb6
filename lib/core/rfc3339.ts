/** Times as text: RFC 3339, always UTC, to the millisecond. */
import { civilOf } from "./calendar.ts";
import type { EpochMs } from "./time.ts";

/** As Go writes a time in JSON: UTC, fraction without trailing zeros; the zero time for undefined. */
export function formatRfc3339(ms: EpochMs | undefined): string {
  if (ms === undefined) return "0001-01-01T00:00:00Z";
  return formatRfc3339Ms(ms).replace(/\.?0*Z$/, "Z");
}

/** UTC with three decimals, always. */
export function formatRfc3339Ms(ms: EpochMs): string {
  const days = Math.floor(ms / 86_400_000);
  const rest = ms - days * 86_400_000;
  const { year, month, day } = civilOf(days);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(Math.floor(rest / 3_600_000), 2)}:` +
    `${pad(Math.floor(rest / 60_000) % 60, 2)}:${pad(Math.floor(rest / 1000) % 60, 2)}.${
      pad(Math.floor(rest % 1000), 3)
    }Z`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
