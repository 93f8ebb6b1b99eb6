/** A part of a file in memory, so that small reads near one another cost one read of the file. */
import type { ByteFile } from "../../core/ports.ts";
import { CorruptDataError } from "../errors.ts";

export class FileWindow {
  readonly #windowBytes: number;
  #at = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(readonly file: ByteFile, windowBytes: number) {
    this.#windowBytes = windowBytes;
  }

  /** Just so many; valid until the next call. Throws a `CorruptDataError` beyond the end of the file. */
  bytes(at: number, count: number): Uint8Array {
    const bytes = this.upTo(at, count);
    if (bytes.length < count) {
      throw new CorruptDataError(
        `Cannot read ${count} bytes at ${at} of ${this.file.path}: it has ${this.file.bytesCount}`,
      );
    }
    return bytes;
  }

  /** Fewer at the end of the file. */
  upTo(at: number, count: number): Uint8Array {
    if (at < this.#at || at + count > this.#at + this.#bytes.length) {
      const left = Math.max(0, this.file.bytesCount - at);
      this.#bytes = this.file.read(at, Math.min(left, Math.max(count, this.#windowBytes)));
      this.#at = at;
    }
    return this.#bytes.subarray(at - this.#at, at - this.#at + count);
  }
}
