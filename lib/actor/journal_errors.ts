/** What can be wrong with a journal. None of these is a caller's mistake, and none may be answered with a guess. */
import type { ActorPath } from "./types.ts";

/** Somebody else wrote to the stream, or the lease is gone: this writer must stop. */
export class JournalConflictError extends Error {
  override readonly name = "JournalConflictError";
  constructor(readonly stream: ActorPath, message: string, options?: ErrorOptions) {
    super(`Cannot append to stream ${stream}: ${message}`, options);
  }
}

/** Records that must be there are not. */
export class JournalGapError extends Error {
  override readonly name = "JournalGapError";
  constructor(readonly stream: ActorPath, readonly expectedSeq: number, message: string) {
    super(`Cannot read stream ${stream} from record ${expectedSeq} on: ${message}`);
  }
}

/** Bytes that are not what was written. */
export class CorruptRecordError extends Error {
  override readonly name = "CorruptRecordError";
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
