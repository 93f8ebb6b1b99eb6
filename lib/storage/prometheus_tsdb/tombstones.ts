/** What was deleted from a block or a head: closed intervals of time by series. */
import { BigEndianReader } from "./big_endian.ts";
import { crc32c } from "./crc32c.ts";

const MAGIC = 0x0130ba30;
const VERSION = 1;
const HEADER_BYTES = 5;
const CHECKSUM_BYTES = 4;

export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

export class Tombstones {
  readonly #byRef = new Map<number, Interval[]>();

  get size(): number {
    return this.#byRef.size;
  }

  add(ref: number, interval: Interval): void {
    const found = this.#byRef.get(ref);
    if (found === undefined) this.#byRef.set(ref, [interval]);
    else found.push(interval);
  }

  of(ref: number): readonly Interval[] {
    return this.#byRef.get(ref) ?? [];
  }
}

export function isDeleted(intervals: readonly Interval[], tMs: number): boolean {
  for (const { startMs, endMs } of intervals) if (tMs >= startMs && tMs <= endMs) return true;
  return false;
}

/** The file `tombstones` of a block. */
export function readTombstones(bytes: Uint8Array, path: string): Tombstones {
  const input = new BigEndianReader(bytes, path);
  input.need(HEADER_BYTES + CHECKSUM_BYTES);
  const magic = input.uint32();
  if (magic !== MAGIC) {
    input.fail(`expected the magic number ${MAGIC.toString(16)}, got ${magic.toString(16)}`);
  }
  const version = input.byte();
  if (version !== VERSION) input.fail(`expected version ${VERSION}, got ${version}`);
  const end = bytes.length - CHECKSUM_BYTES;
  const sum = new BigEndianReader(bytes.subarray(end), path).uint32();
  const body = new BigEndianReader(bytes.subarray(HEADER_BYTES, end), path);
  if (sum !== crc32c(body.bytes)) input.fail("the checksum is wrong");
  const stones = new Tombstones();
  while (body.left > 0) {
    const ref = body.uvarint();
    const startMs = body.varint();
    stones.add(ref, { startMs, endMs: body.varint() });
  }
  return stones;
}
