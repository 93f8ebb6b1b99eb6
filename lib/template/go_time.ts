/** Go's time.Time and time.Duration as templates use them: printing, `Format` with a layout, and their parts. */
import { GoFunction, GoStruct, type GoValue } from "./values.ts";
import { CallError } from "./template_error.ts";
import { type CivilDate, civilOf, daysFromCivil } from "../core/calendar.ts";

const MS_PER_DAY = 86_400_000;
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

interface Clock {
  readonly date: CivilDate;
  readonly dayNumber: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
}

function clockOf(epochMs: number): Clock {
  const dayNumber = Math.floor(epochMs / MS_PER_DAY);
  const ofDay = epochMs - dayNumber * MS_PER_DAY;
  return {
    date: civilOf(dayNumber),
    dayNumber,
    hour: Math.floor(ofDay / 3_600_000),
    minute: Math.floor(ofDay / 60_000) % 60,
    second: Math.floor(ofDay / 1000) % 60,
    ms: ofDay % 1000,
  };
}

/** In UTC. */
export function goTime(epochMs: number): GoStruct {
  const clock = clockOf(epochMs);
  const method = (call: () => GoValue) => new GoFunction({ params: [], call });
  return new GoStruct({
    typeName: "*time.Time",
    text: formatTime(epochMs, "2006-01-02 15:04:05.999999999 -0700 MST"),
    methods: new Map([
      [
        "Format",
        new GoFunction({ params: ["string"], call: ([layout]) => formatTime(epochMs, String(layout)) }),
      ],
      ["Unix", method(() => BigInt(Math.floor(epochMs / 1000)))],
      ["UnixMilli", method(() => BigInt(Math.floor(epochMs)))],
      ["UnixNano", method(() => BigInt(Math.floor(epochMs)) * 1_000_000n)],
      ["Year", method(() => BigInt(clock.date.year))],
      ["Month", method(() => named("time.Month", MONTHS[clock.date.month - 1]!))],
      ["Day", method(() => BigInt(clock.date.day))],
      ["Hour", method(() => BigInt(clock.hour))],
      ["Minute", method(() => BigInt(clock.minute))],
      ["Second", method(() => BigInt(clock.second))],
      ["Weekday", method(() => named("time.Weekday", DAYS[weekdayOf(clock)]!))],
      ["UTC", method(() => goTime(epochMs))],
      ["String", method(() => formatTime(epochMs, "2006-01-02 15:04:05.999999999 -0700 MST"))],
      ["IsZero", method(() => false)],
      ["Add", new GoFunction({ params: ["any"], call: ([by]) => goTime(epochMs + durationMsOf(by)) })],
    ]),
  });
}

/** What a duration holds, besides its fields. */
class GoDuration extends GoStruct {
  constructor(readonly durationMs: number) {
    const method = (call: () => GoValue) => new GoFunction({ params: [], call });
    super({
      typeName: "*time.Duration",
      text: formatGoDuration(durationMs),
      methods: new Map([
        ["Hours", method(() => durationMs / 3_600_000)],
        ["Minutes", method(() => durationMs / 60_000)],
        ["Seconds", method(() => durationMs / 1000)],
        ["Milliseconds", method(() => BigInt(Math.trunc(durationMs)))],
        ["String", method(() => formatGoDuration(durationMs))],
      ]),
    });
  }
}

export function goDuration(durationMs: number): GoStruct {
  return new GoDuration(durationMs);
}

function durationMsOf(value: GoValue): number {
  if (value instanceof GoDuration) return value.durationMs;
  throw new CallError("wrong type for value; expected time.Duration");
}

function named(typeName: string, text: string): GoStruct {
  return new GoStruct({
    typeName,
    text,
    methods: new Map([["String", new GoFunction({ params: [], call: () => text })]]),
  });
}

function weekdayOf({ dayNumber }: Clock): number {
  return ((dayNumber + 4) % 7 + 7) % 7; // the first day of 1970 was a Thursday
}

/** As time.Duration's String: `1h2m3.5s`, `1.5ms`, `0s`. */
export function formatGoDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  const sign = durationMs < 0 ? "-" : "";
  const ns = Math.round(Math.abs(durationMs) * 1e6);
  if (ns < 1000) return `${sign}${ns}ns`;
  if (ns < 1e6) return `${sign}${ns / 1000}µs`;
  if (ns < 1e9) return `${sign}${ns / 1e6}ms`;
  const hours = Math.floor(ns / 3.6e12);
  const minutes = Math.floor(ns / 6e10) % 60;
  const seconds = (ns % 6e10) / 1e9;
  const text = `${minutes}m${seconds}s`;
  if (hours > 0) return `${sign}${hours}h${text}`;
  return sign + (minutes > 0 ? text : `${seconds}s`);
}

type Part = (clock: Clock) => string;

const two = (value: number) => String(value).padStart(2, "0");
const hour12 = (hour: number) => hour % 12 === 0 ? 12 : hour % 12;

/** The layout's parts, longest first where one begins another. */
const PARTS: readonly (readonly [string, Part])[] = [
  ["January", ({ date }) => MONTHS[date.month - 1]!],
  ["Jan", ({ date }) => MONTHS[date.month - 1]!.slice(0, 3)],
  ["Monday", (clock) => DAYS[weekdayOf(clock)]!],
  ["Mon", (clock) => DAYS[weekdayOf(clock)]!.slice(0, 3)],
  ["MST", () => "UTC"],
  ["2006", ({ date }) => String(date.year).padStart(4, "0")],
  ["-07:00:00", () => "+00:00:00"],
  ["-07:00", () => "+00:00"],
  ["-070000", () => "+000000"],
  ["-0700", () => "+0000"],
  ["-07", () => "+00"],
  ["Z07:00:00", () => "Z"],
  ["Z07:00", () => "Z"],
  ["Z070000", () => "Z"],
  ["Z0700", () => "Z"],
  ["Z07", () => "Z"],
  ["002", ({ date, dayNumber }) => String(dayNumber - daysFromCivil(date.year, 1, 1) + 1).padStart(3, "0")],
  ["01", ({ date }) => two(date.month)],
  ["02", ({ date }) => two(date.day)],
  ["03", ({ hour }) => two(hour12(hour))],
  ["04", ({ minute }) => two(minute)],
  ["05", ({ second }) => two(second)],
  ["06", ({ date }) => two(date.year % 100)],
  ["_2", ({ date }) => String(date.day).padStart(2)],
  ["15", ({ hour }) => two(hour)],
  ["PM", ({ hour }) => hour < 12 ? "AM" : "PM"],
  ["pm", ({ hour }) => hour < 12 ? "am" : "pm"],
  ["1", ({ date }) => String(date.month)],
  ["2", ({ date }) => String(date.day)],
  ["3", ({ hour }) => String(hour12(hour))],
  ["4", ({ minute }) => String(minute)],
  ["5", ({ second }) => String(second)],
];

/** As time.Format in UTC, to the millisecond. */
export function formatTime(epochMs: number, layout: string): string {
  const clock = clockOf(Math.floor(epochMs));
  let text = "";
  for (let at = 0; at < layout.length;) {
    const rest = layout.slice(at);
    const fraction = /^[.,](0+|9+)(?![0-9])/.exec(rest);
    // A fraction follows the seconds only.
    if (fraction !== null && /(05|5)$/.test(layout.slice(0, at))) {
      const digits = String(clock.ms).padStart(3, "0").padEnd(9, "0").slice(0, fraction[1]!.length);
      const kept = fraction[1]![0] === "9" ? digits.replace(/0+$/, "") : digits;
      if (kept !== "") text += rest[0] + kept;
      at += fraction[0].length;
      continue;
    }
    const found = PARTS.find(([name]) =>
      rest.startsWith(name) && !(name === "Jan" && /^Jan[a-z]/.test(rest))
    );
    text += found === undefined ? rest[0] : found[1](clock);
    at += found === undefined ? 1 : found[0].length;
  }
  return text;
}
