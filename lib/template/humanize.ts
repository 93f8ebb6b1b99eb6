/** Numbers for people, as Prometheus's template functions write them. */
import { parseGoFloat } from "../model/float.ts";
import { formatFloat } from "./format_float.ts";
import { formatTime } from "./go_time.ts";
import { CallError } from "./template_error.ts";
import { type GoValue, typeNameOf } from "./values.ts";

const LARGE = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const LARGE_1024 = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL = ["m", "u", "n", "p", "f", "a", "z", "y"];

export function floatOf(value: GoValue): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string") throw new CallError(`can't convert ${typeNameOf(value)} to float`);
  const parsed = parseGoFloat(value);
  if (parsed === undefined) {
    throw new CallError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return parsed;
}

function short(value: number): string {
  return formatFloat(value, "g", 4);
}

export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return short(value);
  return Math.abs(value) >= 1 ? scaledDown(value, 1000, LARGE) : scaledUp(value);
}

export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return short(value);
  return scaledDown(value, 1024, LARGE_1024);
}

function scaledDown(value: number, base: number, prefixes: readonly string[]): string {
  let prefix = "";
  for (const next of prefixes) {
    if (Math.abs(value) < base) break;
    prefix = next;
    value /= base;
  }
  return short(value) + prefix;
}

function scaledUp(value: number): string {
  let prefix = "";
  for (const next of SMALL) {
    if (Math.abs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return short(value) + prefix;
}

/** Of seconds. */
export function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return short(seconds);
  if (seconds === 0) return "0s";
  if (Math.abs(seconds) < 1) return `${scaledUp(seconds)}s`;
  const sign = seconds < 0 ? "-" : "";
  const whole = Math.trunc(Math.abs(seconds));
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24];
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  if (days > 0) return `${sign}${days}d ${hours}h ${minutes}m ${rest}s`;
  if (hours > 0) return `${sign}${hours}h ${minutes}m ${rest}s`;
  if (minutes > 0) return `${sign}${minutes}m ${rest}s`;
  return `${sign}${short(Math.abs(seconds))}s`;
}

export function humanizePercentage(value: number): string {
  return `${short(value * 100)}%`;
}

/** Of Unix seconds. */
export function humanizeTimestamp(seconds: number): string {
  if (!Number.isFinite(seconds)) return short(seconds);
  return formatTime(epochMsOf(seconds), "2006-01-02 15:04:05.999 -0700 MST");
}

/** Go keeps nanoseconds in 64 bits. */
const NANOSECONDS_MAX = 2 ** 63;

export function epochMsOf(seconds: number): number {
  const nanoseconds = seconds * 1e9;
  if (!Number.isFinite(seconds)) throw new CallError("value is NaN or Inf");
  if (Math.abs(nanoseconds) >= NANOSECONDS_MAX) {
    throw new CallError(
      `${
        formatFloat(seconds, "g", -1)
      } cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  }
  return Math.trunc(nanoseconds / 1e6);
}
