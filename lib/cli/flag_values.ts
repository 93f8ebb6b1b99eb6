/**
 * The value of one flag: from text with a clear refusal, and back to the text that `/api/v1/status/flags` shows.
 * Knows kinds of values, not flags.
 */
import { UserError } from "../core/errors.ts";
import { formatDurationMs, parseDurationMs } from "../core/time.ts";
import { compileAnchored } from "../model/regex.ts";
import type { FlagSpec } from "./flag_types.ts";

export type ScalarValue = string | number | boolean;

const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB", "PB", "EB"] as const;

/** Throws a `UserError` whose message says what was expected; the caller adds the flag's name. */
export function parseFlagValue(spec: FlagSpec, text: string): ScalarValue {
  switch (spec.kind) {
    case "text":
      return text;
    case "bool":
      return parseBoolean(text);
    case "integer":
    case "number":
      return within(spec, parseNumber(text, spec.kind === "integer"), text);
    case "duration": {
      const durationMs = parseDurationMs(text);
      if (durationMs === undefined) throw bad("a duration such as 30s, 5m, 15d", text);
      return within(spec, durationMs, text);
    }
    case "bytes":
      return within(spec, parseBytes(text), text);
    case "address":
      parseListenAddress(text);
      return text;
    case "url":
      return parseUrl(text);
    case "regex":
      compileAnchored(text);
      return text;
    case "choice":
      if (!spec.choices!.includes(text)) throw bad(`one of ${spec.choices!.join(", ")}`, text);
      return text;
  }
}

/** What `/api/v1/status/flags` shows; "" and zero where nothing was set, as Go's flag values do. */
export function formatFlagValue(spec: FlagSpec, value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  if (spec.kind === "duration") return formatDurationMs(typeof value === "number" ? value : 0);
  if (spec.kind === "bytes") return formatBytes(typeof value === "number" ? value : 0);
  return value === undefined ? "" : String(value);
}

export interface ListenAddress {
  /** Without the brackets of an IPv6 address; "0.0.0.0" where only a port was given. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port`, `:port`. Throws a `UserError`. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/\s]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) throw bad('an address "host:port" or ":port"', text);
  return { host: match[1] ?? (match[2] || "0.0.0.0"), port };
}

function bad(expected: string, got: string): UserError {
  return new UserError("bad_data", `expected ${expected}, got ${JSON.stringify(got)}`);
}

function parseBoolean(text: string): boolean {
  if (text === "true") return true;
  if (text === "false") return false;
  throw bad("true or false", text);
}

function parseNumber(text: string, isInteger: boolean): number {
  const value = /^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]+)?$/.test(text) ? Number(text) : NaN;
  if (isInteger ? !Number.isSafeInteger(value) : !Number.isFinite(value)) {
    throw bad(isInteger ? "an integer" : "a number", text);
  }
  return value;
}

function within(spec: FlagSpec, value: number, text: string): number {
  const { min = -Infinity, max = Infinity } = spec;
  if (value >= min && value <= max) return value;
  const limits = [
    ...(min === -Infinity ? [] : [`at least ${formatFlagValue(spec, min)}`]),
    ...(max === Infinity ? [] : [`at most ${formatFlagValue(spec, max)}`]),
  ];
  throw bad(limits.join(" and "), text);
}

function parseBytes(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s?([KMGTPE]?)i?B$/.exec(text);
  if (match === null) throw bad(`a size with a unit (${BYTE_UNITS.join(", ")})`, text);
  return Math.round(Number(match[1]) * 1024 ** BYTE_UNITS.findIndex((unit) => unit === `${match[2]}B`));
}

function formatBytes(bytes: number): string {
  let exponent = 0;
  while (bytes !== 0 && exponent < 6 && bytes % 1024 ** (exponent + 1) === 0) exponent++;
  const unit = BYTE_UNITS[exponent]!;
  return `${bytes / 1024 ** exponent}${exponent === 0 ? unit : `${unit[0]}iB`}`;
}

function parseUrl(text: string): string {
  // As Prometheus: quotes left in by a shell or a service file.
  if (/^["'].*["']$/.test(text)) throw bad("a URL without quotes", text);
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw bad("an http or https URL", text);
  }
  return text;
}
