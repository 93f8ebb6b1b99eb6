/** A log that keeps its lines, for simulations and tests. */
import type { Clock, Log, LogFields, LogLevel } from "../core/ports.ts";

export class SimLog implements Log {
  readonly lines: string[];
  readonly #clock: Clock;
  readonly #fields: LogFields;

  constructor(clock: Clock, fields: LogFields = {}, lines: string[] = []) {
    this.#clock = clock;
    this.#fields = fields;
    this.lines = lines;
  }

  debug(message: string, fields?: LogFields): void {
    this.#add("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#add("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#add("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#add("error", message, fields);
  }

  with(fields: LogFields): Log {
    return new SimLog(this.#clock, { ...this.#fields, ...fields }, this.lines);
  }

  #add(level: LogLevel, message: string, fields: LogFields = {}): void {
    const pairs = Object.entries({ ...this.#fields, ...fields }).map(([name, value]) => ` ${name}=${value}`);
    this.lines.push(`${this.#clock.nowMs()} ${level} ${message}${pairs.join("")}`);
  }
}
