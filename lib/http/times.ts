/**
 * Times and durations as the HTTP API takes and gives them: Unix seconds or RFC 3339, float seconds or Prometheus
 * durations. All results are milliseconds.
 */
import { daysFromCivil, daysInMonth } from "../core/calendar.ts";
import { type EpochMs, parseDurationMs } from "../core/time.ts";
import { quoteGo } from "../model/labels.ts";
import { parseGoFloat } from "../model/float.ts";
import { badData } from "./errors.ts";

/** Every integer up to here is exact: the ends of time here, where Prometheus has those of an int64. */
export const TIME_MS_MIN = Number.MIN_SAFE_INTEGER;
export const TIME_MS_MAX = Number.MAX_SAFE_INTEGER;

/** As Prometheus writes its own ends of time; it reads them back too. */
const MIN_TIME_TEXT = "-292273086-05-16T16:47:06Z";
const MAX_TIME_TEXT = "292277025-08-18T07:12:54.999999999Z";

/** Of a Go duration: 2^63 ns. */
const DURATION_SECONDS_MAX = 9_223_372_036.854775807;

const RFC3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;

/** Throws `cannot parse "x" to a valid timestamp`. */
export function parseTimeMs(text: string): EpochMs {
  const seconds = parseGoFloat(text);
  if (seconds !== undefined && Number.isFinite(seconds)) return secondsToMs(seconds);
  const ms = parseRfc3339Ms(text);
  if (ms !== undefined) return ms;
  if (text === MIN_TIME_TEXT) return TIME_MS_MIN;
  if (text === MAX_TIME_TEXT) return TIME_MS_MAX;
  throw badData(`cannot parse ${quoteGo(text)} to a valid timestamp`);
}

/** Rounds to the millisecond. Throws `cannot parse "x" to a valid duration`. */
export function parseApiDurationMs(text: string): number {
  const seconds = parseGoFloat(text);
  if (seconds !== undefined && !Number.isNaN(seconds)) {
    if (Math.abs(seconds) > DURATION_SECONDS_MAX) {
      throw badData(`cannot parse ${quoteGo(text)} to a valid duration. It overflows int64`);
    }
    return Math.trunc(Math.round(seconds * 1e6) / 1e3);
  }
  const ms = parseDurationMs(text);
  if (ms === undefined) throw badData(`cannot parse ${quoteGo(text)} to a valid duration`);
  return ms;
}

function secondsToMs(seconds: number): EpochMs {
  const whole = Math.trunc(seconds);
  const ms = whole * 1000 + Math.round((seconds - whole) * 1000);
  return Math.max(TIME_MS_MIN, Math.min(TIME_MS_MAX, ms));
}

function parseRfc3339Ms(text: string): EpochMs | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const fractionMs = match[7] === undefined ? 0 : Number(match[7].slice(0, 3).padEnd(3, "0"));
  const offset = (match[8] === "-" ? -1 : 1) * (offsetHours * 60 + offsetMinutes);
  const minutes = daysFromCivil(year, month, day) * 1440 + hour * 60 + minute - offset;
  return minutes * 60_000 + second * 1000 + fractionMs;
}
