/**
 * Lines appended to a file, behind the back of whoever gives them: a bounded queue, one write at a time. A line that
 * finds the queue full is dropped and counted, as is a write that fails; nobody waits for a slow disk.
 */
import { messageOf, UserError } from "../core/errors.ts";
import type { LineSink } from "../core/ports.ts";

/** Thousands of lines: what comes in while a disk is busy for some seconds. */
export const QUEUED_LENGTH_MAX = 4 * 1024 * 1024;

/** Creates the file where there is none. Rejects with a `UserError` that names it when it cannot be opened. */
export async function openLines(path: string): Promise<LineSink> {
  try {
    return new LineFile(await Deno.open(path, { append: true, create: true }));
  } catch (error) {
    throw new UserError("unavailable", `open ${path}: ${messageOf(error)}`, { cause: error });
  }
}

class LineFile implements LineSink {
  readonly #file: Deno.FsFile;
  #queued = "";
  #writing: Promise<void> | undefined;
  #closed = false;
  #dropped = 0;
  #failures = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  write(line: string): void {
    if (this.#closed || this.#queued.length + line.length >= QUEUED_LENGTH_MAX) {
      this.#dropped++;
      return;
    }
    this.#queued += `${line}\n`;
    this.#writing ??= this.#drain().finally(() => this.#writing = undefined);
  }

  stats(): { readonly dropped: number; readonly failures: number } {
    return { dropped: this.#dropped, failures: this.#failures };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    this.#file.close();
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // lines of the same moment go out together
    while (this.#queued !== "") {
      let rest = new TextEncoder().encode(this.#queued);
      this.#queued = "";
      try {
        while (rest.length > 0) rest = rest.subarray(await this.#file.write(rest));
      } catch {
        this.#failures++; // the metric is how it is seen: a log line a query would fill the same disk
      }
    }
  }
}
