/** What a collector is, and the few ways in which the kernel's text files are read by all of them. */
import type { Families } from "./families.ts";
import type { HostPorts } from "./ports.ts";

export interface Collector {
  /** The value of the `collector` label. */
  readonly name: string;
  /** Rejects when its source is missing or not understood; what it added before stands. */
  collect(host: HostPorts, families: Families): Promise<void>;
}

/** The lines of a file that are not blank. */
export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

export function fieldsOf(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** Throws an error that names the source when `text` is no number. */
export function numberFrom(text: string | undefined, source: string): number {
  const value = text === undefined || text.trim() === "" ? NaN : Number(text);
  if (Number.isNaN(value)) throw new Error(`${source}: expected a number, got ${JSON.stringify(text ?? "")}`);
  return value;
}

/** The text of a file without its last newline, or undefined where it cannot be read. */
export async function readOptional(host: HostPorts, path: string): Promise<string | undefined> {
  try {
    return (await host.readText(path)).trim();
  } catch {
    // Absent hardware, an older kernel, no permission: each is a file that is not there.
    return undefined;
  }
}
