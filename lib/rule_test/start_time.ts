/** When a test begins: a Unix time in seconds or an RFC3339 time; nothing is the epoch. */
import { daysFromCivil, daysInMonth } from "../core/calendar.ts";
import { UserError } from "../core/errors.ts";
import type { EpochMs } from "../core/time.ts";

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
const SECONDS = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Throws a `UserError`. */
export function parseStartMs(text: string): EpochMs {
  if (text === "") return 0;
  if (SECONDS.test(text)) return Math.round(Number(text) * 1000);
  const match = RFC3339.exec(text);
  if (match !== null) {
    const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const inCalendar = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
    if (inCalendar && hour < 24 && minute < 60 && second < 60) {
      const sign = match[8] === "-" ? -1 : 1;
      const offsetMinutes = match[8] === undefined ? 0 : sign * (Number(match[9]) * 60 + Number(match[10]));
      const seconds = daysFromCivil(year, month, day) * 86_400 + hour * 3600 + (minute - offsetMinutes) * 60 +
        second;
      return seconds * 1000 + Math.trunc(Number(`0.${match[7] ?? "0"}`) * 1000);
    }
  }
  throw new UserError(
    "bad_data",
    `expected a Unix timestamp or an RFC3339 time, got ${JSON.stringify(text)}`,
  );
}
