/** Parts of a date, in UTC, of seconds since the epoch. */

import { type CivilDate, civilOf, daysInMonth } from "../../core/calendar.ts";

const DAY_S = 86_400;

function dayOfYear(date: CivilDate): number {
  let day = date.day;
  for (let month = 1; month < date.month; month++) day += daysInMonth(date.year, month);
  return day;
}

/** Beyond, numbers are no longer whole seconds apart, and days cannot be counted. */
function hasDate(seconds: number): boolean {
  return Math.abs(seconds) < 2 ** 53;
}

/** Whole seconds as Go's int64(x) cuts them; a value that is no number has no date. */
function ofDate(part: (date: CivilDate) => number): (seconds: number) => number {
  return (seconds) => hasDate(seconds) ? part(civilOf(Math.floor(Math.trunc(seconds) / DAY_S))) : NaN;
}

function ofDay(part: (secondOfDay: number) => number): (seconds: number) => number {
  return (seconds) => {
    if (!hasDate(seconds)) return NaN;
    const whole = Math.trunc(seconds);
    return part(whole - Math.floor(whole / DAY_S) * DAY_S);
  };
}

export const CALENDAR: ReadonlyMap<string, (seconds: number) => number> = new Map([
  ["year", ofDate((date) => date.year)],
  ["month", ofDate((date) => date.month)],
  ["day_of_month", ofDate((date) => date.day)],
  ["day_of_year", ofDate(dayOfYear)],
  ["days_in_month", ofDate((date) => daysInMonth(date.year, date.month))],
  ["hour", ofDay((second) => Math.floor(second / 3600))],
  ["minute", ofDay((second) => Math.floor(second / 60) % 60)],
  ["day_of_week", (seconds: number) => {
    if (!hasDate(seconds)) return NaN;
    const day = (Math.floor(Math.trunc(seconds) / DAY_S) + 4) % 7; // 1970-01-01 was a Thursday.
    return day < 0 ? day + 7 : day;
  }],
]);
