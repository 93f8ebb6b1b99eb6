/**
 * What a journal record builds on: the cohort's record before it. A record holds changes, so after a damaged stretch of
 * the journal only an unbroken chain may be folded; whatever builds on a lost record is passed over instead of giving
 * wrong values. docs/formats/journal.md describes the bytes.
 */
import { ByteReader, ByteWriter } from "./codecs/bytes.ts";

/** No version of a record begins with it: those without a link were written before there were links. */
const LINKED = 0x4c;

export interface Unlinked {
  readonly record: Uint8Array;
  /** Of the cohort's record before: 0 for its first, undefined where the record does not say. */
  readonly previousSeq: number | undefined;
}

/** `previousSeq` is 0 for a cohort's first record. */
export function linked(record: Uint8Array, seq: number, previousSeq: number): Uint8Array {
  const out = new ByteWriter(record.length + 10);
  out.byte(LINKED);
  out.varint(previousSeq === 0 ? 0 : seq - previousSeq);
  out.raw(record);
  return out.take();
}

export function unlinked(bytes: Uint8Array, seq: number): Unlinked {
  if (bytes[0] !== LINKED) return { record: bytes, previousSeq: undefined };
  const input = new ByteReader(bytes, "link of a journal record", 1);
  const distance = input.varint();
  if (distance >= seq) input.fail(`record ${seq} cannot follow the one ${distance} before it`);
  return {
    record: bytes.subarray(input.at),
    previousSeq: distance === 0 ? 0 : seq - distance,
  };
}

/** What replay knows of a cohort. */
export interface Chain {
  readonly baseSeq: number;
  readonly lastSeq: number;
}

/** Whether nothing of the cohort is missing before the record. */
export function follows(chain: Chain | undefined, previousSeq: number | undefined): boolean {
  if (previousSeq === undefined) return false;
  if (chain === undefined) return previousSeq === 0;
  return previousSeq === chain.lastSeq || previousSeq <= chain.baseSeq;
}
