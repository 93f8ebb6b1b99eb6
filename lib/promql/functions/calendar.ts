/** Parts of a date, in UTC, of seconds since the epoch. */

const DAY_S = 86_400;

export interface CivilDate {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

/** The proleptic Gregorian date of a day counted from 1970-01-01, by eras of 400 years that begin in March. */
export function civilOf(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

export function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysInMonth(date: CivilDate): number {
  return date.month === 2 && isLeapYear(date.year) ? 29 : MONTH_DAYS[date.month - 1]!;
}

function dayOfYear(date: CivilDate): number {
  let day = date.day;
  for (let month = 1; month < date.month; month++) day += daysInMonth({ ...date, month });
  return day;
}

/** Whole seconds as Go's int64(x) cuts them; a value that is no number has no date. */
function ofDate(part: (date: CivilDate) => number): (seconds: number) => number {
  return (seconds) => Number.isFinite(seconds) ? part(civilOf(Math.floor(Math.trunc(seconds) / DAY_S))) : NaN;
}

function ofDay(part: (secondOfDay: number) => number): (seconds: number) => number {
  return (seconds) => {
    if (!Number.isFinite(seconds)) return NaN;
    const whole = Math.trunc(seconds);
    return part(whole - Math.floor(whole / DAY_S) * DAY_S);
  };
}

export const CALENDAR: ReadonlyMap<string, (seconds: number) => number> = new Map([
  ["year", ofDate((date) => date.year)],
  ["month", ofDate((date) => date.month)],
  ["day_of_month", ofDate((date) => date.day)],
  ["day_of_year", ofDate(dayOfYear)],
  ["days_in_month", ofDate(daysInMonth)],
  ["hour", ofDay((second) => Math.floor(second / 3600))],
  ["minute", ofDay((second) => Math.floor(second / 60) % 60)],
  ["day_of_week", (seconds: number) => {
    if (!Number.isFinite(seconds)) return NaN;
    const day = (Math.floor(Math.trunc(seconds) / DAY_S) + 4) % 7; // 1970-01-01 was a Thursday.
    return day < 0 ? day + 7 : day;
  }],
]);
