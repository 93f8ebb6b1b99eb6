/** Numbers, durations and times as people read them. Pure, and without a browser. */
import type { TimeZone } from "./settings.ts";

const LARGE = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"] as const;
const SMALL = ["", "m", "µ", "n", "p", "f", "a"] as const;

/** `1234567` → `1.235M`, `0.25` → `0.25`. Four significant digits, trailing zeros off. */
export function formatSi(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return "0";
  const size = Math.abs(value);
  // "0.5" of a ratio or a second reads better than "500m".
  if (size < 1 && size >= 0.001) return String(Number(value.toPrecision(4)));
  const power = Math.floor(Math.log10(size) / 3 + 1e-12);
  if (power > 8 || power < -6) return value.toExponential(3);
  const unit = power >= 0 ? LARGE[power]! : SMALL[-power]!;
  return `${Number((value / 1000 ** power).toPrecision(4))}${unit}`;
}

const UNITS_MS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** As people write ranges: `1h30m`, `2d`, `15s`. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms);
  if (rest <= 0) return "0s";
  let text = "";
  for (const [unit, unitMs] of UNITS_MS) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

/** `1h30m`, `90s`, plain seconds; undefined for anything else and for zero. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^[0-9]+(\.[0-9]+)?$/.test(trimmed)) return Number(trimmed) * 1000 || undefined;
  if (!/^([0-9]+(ms|[ywdhms]))+$/.test(trimmed)) return undefined;
  let ms = 0;
  for (const [, count, unit] of trimmed.matchAll(/([0-9]+)(ms|[ywdhms])/g)) {
    ms += Number(count) * UNIT_MS[unit!]!;
  }
  return ms || undefined;
}

/** Of a request or a scrape: `3.2ms`, `1.25s`. */
export function formatShortMs(ms: number): string {
  if (ms < 1) return `${Number(ms.toPrecision(2))}ms`;
  if (ms < 1000) return `${Number(ms.toPrecision(3))}ms`;
  return `${Number((ms / 1000).toPrecision(3))}s`;
}

/** Rough age: `just now`, `12s ago`, `3m ago`, `2d ago`. */
export function formatAgo(thenMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - thenMs) / 1000);
  if (seconds < 1) return "just now";
  if (seconds < 120) return `${seconds}s ago`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `2026-03-01 12:30:05`, in the reader's zone or UTC. */
export function formatTime(ms: number, zone: TimeZone): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "";
  if (zone === "utc") return date.toISOString().slice(0, 19).replace("T", " ");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Reads what `formatTime` writes, seconds and minutes optional, or an ISO time with a zone. */
export function parseTime(text: string, zone: TimeZone): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::(\d{2}))?)?$/.exec(text.trim());
  const iso = match === null
    ? text.trim()
    : `${match[1]}T${match[2] ?? "00:00"}:${match[3] ?? "00"}${zone === "utc" ? "Z" : ""}`;
  if (!/^\d{4}-/.test(iso)) return undefined;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? undefined : ms;
}

export function formatCount(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 || noun.endsWith("s") ? "" : "s"}`;
}
