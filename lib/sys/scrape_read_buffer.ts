/**
 * Reads a connection by lines and lengths. The room it reads into is borrowed while an answer arrives and shared
 * by all clients, so that a thousand idle targets hold none; a body leaves as a copy of its own size.
 */

import { LargeBodyShare } from "./scrape_large_bodies.ts";
import { yieldToLoop } from "./scheduler.ts";
import type { Room } from "./scrape_rooms.ts";

/** Before the first byte of an answer: a thousand targets may be waited for at once. */
const WAITING_BYTES = 2048;
const BORROWED_BYTES = 64 * 1024;
/** Rooms kept for the next answer. Larger ones are let go. */
const KEPT_MAX = 8;
const KEPT_BYTES_MAX = 1024 * 1024;
/** A body of unknown length is put aside in blocks of this size: what never ends is never moved. */
const BLOCK_BYTES = 4 * 1024 * 1024;

/** While no more answers than this are waited for, they are read into borrowed room from the first byte. */
const EAGER_MAX = KEPT_MAX;

const kept: Uint8Array<ArrayBuffer>[] = [];
let borrowed = 0;

/** The connection ended before what was waited for. */
export class UnexpectedEnd extends Error {}
/** A line is longer than it may be. */
export class LineTooLong extends Error {}

export class ReadBuffer {
  readonly #conn: Pick<Deno.TcpConn, "read">;
  #bytes: Uint8Array<ArrayBuffer>;
  #isBorrowed: boolean;
  /** Unread bytes lie in `#at … #end`; a body that comes in chunks in `0 … #bodyEnd`. */
  #at = 0;
  #end = 0;
  #bodyEnd = 0;
  /** What came before, of a large body. */
  #blocks: Uint8Array[] = [];
  #blocksBytes = 0;
  #received = 0;
  readonly #share = new LargeBodyShare();
  /** For the reader of the head to count in. */
  headBytes = 0;

  constructor(conn: Pick<Deno.TcpConn, "read">) {
    this.#conn = conn;
    this.#isBorrowed = borrowed < EAGER_MAX;
    this.#bytes = this.#isBorrowed ? borrow() : new Uint8Array(WAITING_BYTES);
  }

  get received(): number {
    return this.#received;
  }

  get unread(): number {
    return this.#end - this.#at;
  }

  get bodyBytes(): number {
    return this.#blocksBytes + this.#bodyEnd;
  }

  /** Gives the room back. The buffer must not be used afterwards. */
  release(): void {
    this.#share.release();
    if (this.#isBorrowed) borrowed--;
    if (this.#isBorrowed && kept.length < KEPT_MAX && this.#bytes.length <= KEPT_BYTES_MAX) {
      kept.push(this.#bytes);
    }
    this.#isBorrowed = false;
    this.#bytes = new Uint8Array(0);
    this.#blocks = [];
  }

  /**
   * The lines up to the next empty one, that included, when they are here already and have at most `bytesMax` bytes
   * together; undefined otherwise. Valid until the next call.
   */
  headHere(bytesMax: number): Uint8Array | undefined {
    const bytes = this.#bytes;
    const stop = Math.min(this.#end, this.#at + bytesMax);
    for (let i = this.#at + 1; i < stop; i++) {
      if (bytes[i] !== 10) continue;
      const isEmpty = bytes[i - 1] === 10 ||
        (bytes[i - 1] === 13 && i - 2 >= this.#at && bytes[i - 2] === 10);
      if (!isEmpty) continue;
      const head = bytes.subarray(this.#at, i + 1);
      this.#at = i + 1;
      return head;
    }
    return undefined;
  }

  /** Waits for bytes where there are none. */
  async some(): Promise<void> {
    if (this.unread === 0) await this.#fill(1);
  }

  /** The bytes up to the next line feed, without it and a carriage return. Valid until the next call. */
  async line(bytesMax: number): Promise<Uint8Array> {
    let searched = this.#at;
    for (;;) {
      const found = this.#bytes.subarray(0, this.#end).indexOf(10, searched);
      if (found !== -1) {
        const stop = found > this.#at && this.#bytes[found - 1] === 13 ? found - 1 : found;
        const line = this.#bytes.subarray(this.#at, stop);
        this.#at = found + 1;
        return line;
      }
      if (this.unread > bytesMax) throw new LineTooLong(`a line of more than ${bytesMax} bytes`);
      const before = this.#at;
      const scanned = this.#end;
      await this.#fill(1);
      searched = scanned - (before - this.#at);
    }
  }

  /** The body goes into what `room` answers, or into an array of its own. */
  async take(length: number, room?: Room): Promise<Uint8Array> {
    if (length > this.unread) {
      // A body far larger than the shared room goes where it will stay.
      if (length > KEPT_BYTES_MAX) return await this.#takeLarge(length);
      while (this.unread < length) await this.#fill(length - this.unread);
    }
    this.#at += length;
    return this.#copied(this.#at - length, this.#at, room);
  }

  /** Everything up to the connection's end; undefined when that is more than `bytesMax`. */
  async takeRest(bytesMax: number): Promise<Uint8Array | undefined> {
    this.beginBody();
    for (;;) {
      await this.appendToBody(this.unread);
      if (this.bodyBytes > bytesMax) return undefined;
      try {
        await this.#fill(1);
      } catch (error) {
        if (!(error instanceof UnexpectedEnd)) throw error;
        return this.body();
      }
    }
  }

  beginBody(): void {
    this.#bodyEnd = 0;
    this.#blocks = [];
    this.#blocksBytes = 0;
  }

  /** Moves the next `length` bytes to the end of the body. */
  async appendToBody(length: number): Promise<void> {
    let missing = length;
    while (missing > 0) {
      if (this.unread === 0) await this.#fill(1);
      const count = Math.min(missing, this.unread);
      this.#bytes.copyWithin(this.#bodyEnd, this.#at, this.#at + count);
      this.#bodyEnd += count;
      this.#at += count;
      missing -= count;
      if (this.#bodyEnd < BLOCK_BYTES) continue;
      this.#putAside();
      // Bytes that come as fast as they are read leave no turn to timers.
      await yieldToLoop();
    }
  }

  #putAside(): void {
    this.#share.grow(this.bodyBytes);
    this.#blocks.push(this.#bytes.slice(0, this.#bodyEnd));
    this.#blocksBytes += this.#bodyEnd;
    this.#bodyEnd = 0;
  }

  body(room?: Room): Uint8Array {
    if (this.#blocks.length === 0) return this.#copied(0, this.#bodyEnd, room);
    const body = new Uint8Array(this.bodyBytes);
    let at = 0;
    for (const block of [...this.#blocks, this.#bytes.subarray(0, this.#bodyEnd)]) {
      body.set(block, at);
      at += block.length;
    }
    return body;
  }

  #copied(start: number, end: number, room: Room | undefined): Uint8Array {
    // Room of this size is not lent again.
    if (end - start > KEPT_BYTES_MAX) return this.#bytes.subarray(start, end);
    if (room === undefined) return this.#bytes.slice(start, end);
    const body = room.take(end - start);
    body.set(this.#bytes.subarray(start, end));
    return body;
  }

  async #takeLarge(length: number): Promise<Uint8Array> {
    this.#share.grow(length);
    const body = new Uint8Array(length);
    const had = this.unread;
    body.set(this.#bytes.subarray(this.#at, this.#end));
    this.#at = this.#end;
    for (let at = had; at < length;) {
      const count = await this.#conn.read(body.subarray(at));
      if (count === null) throw new UnexpectedEnd();
      this.#received += count;
      at += count;
    }
    return body;
  }

  /** Reads once, with room for at least `wanted` bytes more. */
  async #fill(wanted: number): Promise<void> {
    this.#makeRoom(wanted);
    const count = await this.#conn.read(this.#bytes.subarray(this.#end));
    if (count === null) throw new UnexpectedEnd();
    this.#end += count;
    this.#received += count;
    if (!this.#isBorrowed) this.#borrow();
  }

  #makeRoom(wanted: number): void {
    if (this.#at === this.#end) this.#at = this.#end = this.#bodyEnd;
    if (this.#bytes.length - this.#end >= Math.max(wanted, 1)) return;
    // Behind the chunks that were moved together lies what they left.
    if (this.#at - this.#bodyEnd >= wanted + (this.#bytes.length >> 1)) {
      this.#bytes.copyWithin(this.#bodyEnd, this.#at, this.#end);
      this.#end -= this.#at - this.#bodyEnd;
      this.#at = this.#bodyEnd;
      return;
    }
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#end + wanted));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }

  #borrow(): void {
    const room = borrow();
    room.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = room;
    this.#isBorrowed = true;
  }
}

function borrow(): Uint8Array<ArrayBuffer> {
  borrowed++;
  return kept.pop() ?? new Uint8Array(BORROWED_BYTES);
}
