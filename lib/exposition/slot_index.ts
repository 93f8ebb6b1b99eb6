/**
 * Finds a series' slot by the raw bytes of its key. Built from the previous body only when a line met no
 * counterpart in place, so a steady target never pays for it. One index serves all sessions in turn.
 */
import { type LineTable } from "./line_table.ts";

/** Where keys lie: the previous body for old slots, the new one for slots of this reading. */
export interface KeySource {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const NO_BODY: KeySource = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) };

export class SlotIndex {
  /** Slot + 1, open addressing; 0 is free. */
  #cells = new Int32Array(1024);
  #used = 0;
  #keyStart = new Uint32Array(512);
  #keyEnd = new Uint32Array(512);
  #hash = new Int32Array(512);
  /** First line of the previous body that has the slot; −1 for a slot of this reading. */
  #line = new Int32Array(512);
  #oldSlots = 0;
  #old = NO_BODY;
  #new = NO_BODY;

  /** Indexes the samples of `lines`, whose slots are below `slotsCount`. */
  build(lines: LineTable, slotsCount: number, old: KeySource, fresh: KeySource): void {
    this.#old = old;
    this.#new = fresh;
    this.#oldSlots = slotsCount;
    this.#used = 0;
    this.#reserve(slotsCount);
    this.#cells.fill(0);
    this.#line.fill(-1, 0, slotsCount);
    const { bytes } = old;
    for (let line = 0; line < lines.count; line++) {
      const slot = lines.slot[line]!;
      if (slot < 0 || this.#line[slot]! !== -1) continue;
      this.#line[slot] = line;
      let start = lines.start[line]!;
      while (bytes[start] === 32 || bytes[start] === 9) start++;
      const prefix = lines.prefix[line]!;
      const end = prefix === 0
        ? keyEndOf(bytes, start, lines.start[line + 1]!)
        : trimmedEnd(bytes, lines.start[line]! + prefix);
      this.#insert(slot, start, end, hashBytes(old, start, end));
    }
  }

  /** Lets go of the bodies. */
  release(): void {
    this.#old = NO_BODY;
    this.#new = NO_BODY;
  }

  /** The slot of the key at `start … end` of the new body, or −1. */
  find(start: number, end: number): number {
    const fresh = this.#new;
    const hash = hashBytes(fresh, start, end);
    const mask = this.#cells.length - 1;
    for (let at = hash & mask;; at = (at + 1) & mask) {
      const slot = this.#cells[at]! - 1;
      if (slot < 0) return -1;
      if (this.#hash[slot] !== hash || this.#keyEnd[slot]! - this.#keyStart[slot]! !== end - start) continue;
      const body = slot < this.#oldSlots ? this.#old.bytes : fresh.bytes;
      if (sameBytes(body, this.#keyStart[slot]!, fresh.bytes, start, end - start)) return slot;
    }
  }

  add(slot: number, start: number, end: number): void {
    this.#reserve(slot + 1);
    this.#line[slot] = -1;
    this.#insert(slot, start, end, hashBytes(this.#new, start, end));
  }

  lineOf(slot: number): number {
    return this.#line[slot]!;
  }

  #reserve(slots: number): void {
    if (slots > this.#hash.length) {
      const capacity = Math.max(slots, 2 * this.#hash.length);
      this.#keyStart = copied(this.#keyStart, new Uint32Array(capacity));
      this.#keyEnd = copied(this.#keyEnd, new Uint32Array(capacity));
      this.#hash = copied(this.#hash, new Int32Array(capacity));
      this.#line = copied(this.#line, new Int32Array(capacity));
    }
    if (2 * slots <= this.#cells.length) return;
    let size = this.#cells.length;
    while (size < 2 * slots) size *= 2;
    const old = this.#cells;
    this.#cells = new Int32Array(size);
    for (const cell of old) if (cell !== 0) this.#place(cell - 1, this.#hash[cell - 1]!);
  }

  #insert(slot: number, start: number, end: number, hash: number): void {
    this.#keyStart[slot] = start;
    this.#keyEnd[slot] = end;
    this.#hash[slot] = hash;
    this.#used++;
    this.#place(slot, hash);
  }

  #place(slot: number, hash: number): void {
    const mask = this.#cells.length - 1;
    let at = hash & mask;
    while (this.#cells[at] !== 0) at = (at + 1) & mask;
    this.#cells[at] = slot + 1;
  }
}

function copied<T extends Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function trimmedEnd(bytes: Uint8Array, end: number): number {
  let at = end;
  while (bytes[at - 1] === 32 || bytes[at - 1] === 9) at--;
  return at;
}

/** End of a key whose prefix was not kept: too long, or glued to its value. */
function keyEndOf(bytes: Uint8Array, start: number, end: number): number {
  let quoted = false;
  let depth = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (quoted) {
      if (byte === 92) i++;
      else if (byte === 34) quoted = false;
    } else if (byte === 34) quoted = true;
    else if (byte === 123) depth++;
    else if (byte === 125) return i + 1;
    else if (depth === 0 && !isNameByte(byte)) {
      // A brace may still follow behind blanks.
      let next = i;
      while (bytes[next] === 32 || bytes[next] === 9) next++;
      if (bytes[next] !== 123) return i;
      i = next - 1;
    }
  }
  return end;
}

function isNameByte(byte: number): boolean {
  return byte === 58 || byte === 95 || (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) ||
    (byte >= 97 && byte <= 122);
}

/** Words of four bytes, mixed as in the end of MurmurHash3. */
function hashBytes({ bytes, view }: KeySource, start: number, end: number): number {
  let hash = end - start;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x85ebca6b);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

export function sameBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}
