/**
 * The files in `chunks_head`: full chunks of the head, each with the number of its series. What a crash cut off at
 * the end of the last file is left out; a damaged chunk ends its file, and is told.
 */
import type { ByteFile } from "../../core/ports.ts";
import { CorruptDataError } from "../errors.ts";
import { BigEndianReader } from "./big_endian.ts";
import { crc32c } from "./crc32c.ts";
import { FileWindow } from "./file_window.ts";

const MAGIC = 0x0130bc91;
const VERSION = 1;
const HEADER_BYTES = 8;
/** Series, first and last time, encoding; the length and the chunk follow. */
const CHUNK_HEAD_BYTES = 25;
const LENGTH_BYTES_MAX = 5;
const CHUNK_BYTES_MAX = 64 * 1024 * 1024;
const WINDOW_BYTES = 1024 * 1024;
/** Set in the encoding of a chunk of samples that came late. */
const OUT_OF_ORDER = 0x80;

export interface HeadChunk {
  readonly ref: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly encoding: number;
  /** Valid until the next chunk is read. */
  readonly bytes: Uint8Array;
}

export function* readHeadChunks(file: ByteFile): Iterable<HeadChunk> {
  if (file.bytesCount < HEADER_BYTES) return;
  const window = new FileWindow(file, WINDOW_BYTES);
  const head = new BigEndianReader(window.bytes(0, HEADER_BYTES), file.path);
  const magic = head.uint32();
  // A file that was made and never written to.
  if (magic === 0) return;
  if (magic !== MAGIC) {
    head.fail(`expected the magic number ${MAGIC.toString(16)}, got ${magic.toString(16)}`);
  }
  const version = head.byte();
  if (version !== VERSION) head.fail(`expected version ${VERSION}, got ${version}`);
  for (let at = HEADER_BYTES; at < file.bytesCount;) {
    const what = `chunk at ${at} of ${file.path}`;
    const input = new BigEndianReader(window.upTo(at, CHUNK_HEAD_BYTES + LENGTH_BYTES_MAX), what);
    // The file is made larger than what is written: the rest is zeros.
    if (input.bytes.every((byte) => byte === 0)) return;
    const ref = input.uint64();
    const minMs = input.int64();
    const maxMs = input.int64();
    const encoding = input.byte() & ~OUT_OF_ORDER;
    const size = input.count(CHUNK_BYTES_MAX, "bytes of a chunk");
    const headBytes = input.at;
    if (at + headBytes + size + 4 > file.bytesCount) {
      throw new CorruptDataError(`Cannot decode ${what}: the file ends within it`);
    }
    const bytes = window.bytes(at, headBytes + size + 4);
    const sum = new BigEndianReader(bytes.subarray(headBytes + size), what).uint32();
    const actual = crc32c(bytes.subarray(0, headBytes + size));
    if (sum !== actual) input.fail(`checksum is ${actual}, expected ${sum}`);
    yield { ref, minMs, maxMs, encoding, bytes: bytes.subarray(headBytes, headBytes + size) };
    at += headBytes + size + 4;
  }
}
