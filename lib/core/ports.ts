/**
 * The world as interfaces. `lib/sys/` implements them on Deno; the simulation implements them on a virtual
 * clock and a seed. Nothing else in the program reads a clock, draws a random number, or does I/O.
 */
import type { EpochMs } from "./time.ts";

export interface TimerHandle {
  cancel(): void;
}

export interface Clock {
  /** Wall time: an integer, may jump. */
  nowMs(): EpochMs;
  /** For durations: never goes back, fractions of a millisecond. */
  monotonicMs(): number;
  /** Calls `fire` once, at or after `atMs` of wall time. Never synchronously. */
  at(atMs: EpochMs, fire: () => void): TimerHandle;
}

export interface Rng {
  /** Uniform over 0 … 2^32 − 1. */
  uint32(): number;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each line. */
  with(fields: LogFields): Log;
}

/** Key parts sort as Deno KV sorts them: bytes, then strings, then numbers, part by part. */
export type KvKeyPart = Uint8Array | string | number;
export type KvKey = readonly KvKeyPart[];

export interface KvEntry {
  readonly key: KvKey;
  /** Not to be written to: it may be shared. */
  readonly value: Uint8Array;
  readonly versionstamp: string;
}

export interface KvCommit {
  /** The commit fails as a whole unless each key is at this versionstamp (null: absent). */
  readonly checks?: readonly { readonly key: KvKey; readonly versionstamp: string | null }[];
  readonly sets?: readonly { readonly key: KvKey; readonly value: Uint8Array }[];
  readonly deletes?: readonly KvKey[];
}

export type KvRange =
  | { readonly prefix: KvKey }
  /** start ≤ key < end, both under the same order. */
  | { readonly start: KvKey; readonly end: KvKey };

/**
 * The one store. Limits are Deno KV's (limits.ts). A commit is atomic and durable when it resolves; it resolves
 * to null when a check failed, and rejects when the store could not be reached or refused the write. After a
 * rejection the commit may or may not have been kept: the caller must read before it writes again.
 */
export interface Kv {
  get(key: KvKey): Promise<KvEntry | null>;
  list(
    range: KvRange,
    options?: { readonly limit?: number; readonly reverse?: boolean },
  ): AsyncIterable<KvEntry>;
  commit(commit: KvCommit): Promise<{ readonly versionstamp: string } | null>;
  close(): void;
}

/** What became of calls to a store, since it was opened. */
export interface KvFigures {
  readonly commits: number;
  readonly commitMs: number;
  /** Rejected by the store. */
  readonly commitFailures: number;
  readonly commitTimeouts: number;
  readonly readFailures: number;
  readonly readTimeouts: number;
  readonly reopened: number;
}

/** How much room a store takes. */
export interface StoreSpace {
  /** What holds data: the pages of the file that are not free, and the log beside it. */
  readonly usedBytes: number;
  /** Files as they are: what is free in them is used again, never given back. */
  readonly fileBytes: number;
  readonly diskBytes: number;
}

export interface FileInfo {
  readonly path: string;
  readonly modifiedMs: EpochMs;
  readonly isFile: boolean;
}

export interface Files {
  /** Rejects with a `UserError` (`not_found`) that names the path when it is missing or unreadable. */
  readText(path: string): Promise<string>;
  stat(path: string): Promise<FileInfo | null>;
  /** Paths of the entries of a directory, sorted; empty when there is no such directory. */
  list(directory: string): Promise<readonly string[]>;
}

/** A file that is read by place, without waiting: for tools of the command line that do nothing else meanwhile. */
export interface ByteFile {
  readonly path: string;
  readonly bytesCount: number;
  /** Fewer bytes than asked for only at the end of the file. Throws a `UserError` that names the path. */
  read(at: number, count: number): Uint8Array<ArrayBuffer>;
  close(): void;
}

export interface ByteFiles {
  /** Throws a `UserError` (`not_found`) that names the path when it is missing or unreadable. */
  open(path: string): ByteFile;
  /** Names in a directory, sorted; undefined when there is no such directory. */
  names(directory: string): readonly string[] | undefined;
}

/** Lines for the end of a file. Nobody waits: what cannot be written is counted. */
export interface LineSink {
  /** Without a line feed. */
  write(line: string): void;
  /** Since it was opened: lines that found the queue full, and writes that failed. */
  stats(): { readonly dropped: number; readonly failures: number };
  /** When what was given has been written. */
  close(): Promise<void>;
}

export interface HttpTls {
  readonly caPem?: string;
  readonly certPem?: string;
  readonly keyPem?: string;
  readonly serverName?: string;
  readonly insecureSkipVerify: boolean;
}

export interface HttpGet {
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly timeoutMs: number;
  /** Of the body after decompression; 0 is no limit but the client's own. */
  readonly bodyBytesMax: number;
  readonly followRedirects: boolean;
  readonly tls?: HttpTls;
  readonly proxyUrl?: string;
}

/** Each ending has a name; none is an exception. */
export type HttpOutcome =
  | {
    readonly kind: "response";
    readonly status: number;
    readonly statusText: string;
    readonly contentType: string;
    /** Decompressed. Owned by the caller until its next `get` on the same client. */
    readonly body: Uint8Array;
  }
  | { readonly kind: "timedOut" }
  | { readonly kind: "tooLarge"; readonly bytesMax: number }
  | { readonly kind: "failed"; readonly reason: string };

/** One client a target: keeps its connection alive between scrapes. */
export interface HttpClient {
  get(request: HttpGet, signal: AbortSignal): Promise<HttpOutcome>;
  close(): void;
}

export interface HttpClients {
  open(): HttpClient;
}

export interface HttpPost {
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  /** As Go: 307 and 308 send the body again, the others fetch what they point to. */
  readonly followRedirects: boolean;
  readonly tls?: HttpTls;
  readonly proxyUrl?: string;
}

/** One a receiver: keeps its connection alive between requests. Ends as `HttpClient` does. */
export interface HttpPoster {
  post(request: HttpPost, signal: AbortSignal): Promise<HttpOutcome>;
  close(): void;
}

export interface HttpPosters {
  open(): HttpPoster;
}
