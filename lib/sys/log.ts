/**
 * Log lines on standard error, as Go's slog writes them for Prometheus: `time=… level=INFO msg="…" key=value`, or
 * one JSON object a line.
 */
import type { Log, LogFields, LogLevel } from "../core/ports.ts";

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "logfmt" | "json";
}

export function createLog(options: LogOptions): Log {
  return logWith(options, {});
}

function logWith(options: LogOptions, fixed: LogFields): Log {
  const write = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (RANK[level] < RANK[options.level]) return;
    const line = {
      time: new Date().toISOString(),
      level: level.toUpperCase(),
      msg: message,
      ...fixed,
      ...fields,
    };
    console.error(options.format === "json" ? JSON.stringify(line) : logfmt(line));
  };
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
    with: (fields) => logWith(options, { ...fixed, ...fields }),
  };
}

function logfmt(line: LogFields): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(line)) {
    if (value === undefined) continue;
    const text = String(value);
    parts.push(`${key}=${/[\s"=]/.test(text) || text === "" ? JSON.stringify(text) : text}`);
  }
  return parts.join(" ");
}
