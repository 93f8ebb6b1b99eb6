/**
 * One request and its answer, before redirects are looked at: what the raw, the fetch and the TLS transports have
 * in common.
 */
import type { HttpTls } from "../core/ports.ts";
import type { Deadline } from "./scrape_deadline.ts";
import { LargeBodyShare } from "./scrape_large_bodies.ts";

export type Header = readonly [name: string, value: string];

export interface Hop {
  readonly url: URL;
  readonly headers: readonly Header[];
  /** Of the body after decompression. */
  readonly bodyBytesMax: number;
  readonly deadline: Deadline;
  readonly tls: HttpTls | undefined;
  readonly proxyUrl: string | undefined;
  /** Of a POST; undefined for a GET. */
  readonly send?: Uint8Array | undefined;
}

export type HopOutcome =
  | {
    readonly kind: "response";
    readonly status: number;
    readonly statusText: string;
    readonly contentType: string;
    /** The Location header; empty where there is none. */
    readonly location: string;
    readonly body: Uint8Array;
  }
  | { readonly kind: "tooLarge" }
  /** `reason` is without the method and URL. A deadline that ended is told by the deadline. */
  | { readonly kind: "failed"; readonly reason: string };

export interface Transport {
  send(hop: Hop): Promise<HopOutcome>;
  close(): void;
}

/** What a body may be at most when nothing else limits it: a mistake of a target must not take the server down. */
export const BODY_BYTES_CAP = 256 * 1024 * 1024;

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\u{10ffff}]*$/u;

/** Why a header must not be sent; undefined where it may. A line feed in a value would be a header of its own. */
export function headerFault([name, value]: Header): string | undefined {
  if (!HEADER_NAME.test(name)) return `net/http: invalid header field name ${JSON.stringify(name)}`;
  if (!HEADER_VALUE.test(value)) return `net/http: invalid header field value for ${JSON.stringify(name)}`;
  return undefined;
}

/** The wording of Go's net package for what the system says. */
export function socketFault(error: unknown, host: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.ConnectionRefused || /connection refused|ECONNREFUSED/i.test(message)) {
    return `dial tcp ${host}: connect: connection refused`;
  }
  if (error instanceof Deno.errors.ConnectionReset || /connection reset|ECONNRESET/i.test(message)) {
    return `read tcp ${host}: connection reset by peer`;
  }
  if (error instanceof Deno.errors.BrokenPipe) return `write tcp ${host}: broken pipe`;
  if (/failed to lookup|dns error|ENOTFOUND|EAI_AGAIN/i.test(message)) {
    return `dial tcp: lookup ${host.replace(/:[0-9]+$/, "")}: no such host`;
  }
  if (/no route to host|EHOSTUNREACH/i.test(message)) return `dial tcp ${host}: connect: no route to host`;
  if (/network is unreachable|ENETUNREACH/i.test(message)) {
    return `dial tcp ${host}: connect: network is unreachable`;
  }
  return `${host}: ${message}`;
}

/** A body that arrives in pieces, up to a limit. Holds its part of what large bodies may hold until `release`. */
export class BodyCollector {
  readonly #bytesMax: number;
  readonly #pieces: Uint8Array[] = [];
  readonly #share = new LargeBodyShare();
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** False when the limit is passed. Throws `NoRoom`. */
  add(piece: Uint8Array): boolean {
    this.#length += piece.length;
    if (this.#length > this.#bytesMax) return false;
    this.#share.grow(this.#length);
    this.#pieces.push(piece);
    return true;
  }

  body(): Uint8Array {
    const body = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      body.set(piece, at);
      at += piece.length;
    }
    return body;
  }

  release(): void {
    this.#share.release();
  }
}
