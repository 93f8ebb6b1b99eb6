/** The chunk files of a Prometheus block: a chunk by its file and place, with its checksum verified. */
import type { ByteFile, ByteFiles } from "../../core/ports.ts";
import { CorruptDataError } from "../errors.ts";
import { BigEndianReader } from "./big_endian.ts";
import { crc32c } from "./crc32c.ts";
import { FileWindow } from "./file_window.ts";

const MAGIC = 0x85bd40dd;
const VERSION = 1;
const HEADER_BYTES = 8;
const LENGTH_BYTES_MAX = 5;
/** A chunk of 120 floats has some hundred bytes; its neighbours belong to other sources. */
const WINDOW_BYTES = 4_096;
const CHUNK_BYTES_MAX = 64 * 1024 * 1024;

export const ENCODING_XOR = 1;
export const ENCODING_HISTOGRAM = 2;
export const ENCODING_FLOAT_HISTOGRAM = 3;

export interface RawChunk {
  readonly encoding: number;
  /** Valid until the next chunk is read. */
  readonly bytes: Uint8Array;
}

export class BlockChunks {
  readonly #segments: FileWindow[];

  constructor(files: ByteFiles, directory: string) {
    const names = (files.names(directory) ?? []).filter((name) => /^\d{6}$/.test(name));
    this.#segments = names.map((name) => new FileWindow(files.open(`${directory}/${name}`), WINDOW_BYTES));
    for (const { file } of this.#segments) checkHeader(file);
  }

  read(segment: number, offset: number): RawChunk {
    const window = this.#segments[segment];
    if (window === undefined) {
      throw new CorruptDataError(`Cannot read a chunk of file ${segment + 1}: there is no such file`);
    }
    const what = `chunk at ${offset} of ${window.file.path}`;
    const head = new BigEndianReader(window.upTo(offset, LENGTH_BYTES_MAX), what);
    const size = head.count(CHUNK_BYTES_MAX, "bytes of a chunk");
    const bytes = window.bytes(offset + head.at, size + 5);
    const sum = new BigEndianReader(bytes.subarray(size + 1), what).uint32();
    const actual = crc32c(bytes.subarray(0, size + 1));
    if (sum !== actual) head.fail(`checksum is ${actual}, expected ${sum}`);
    return { encoding: bytes[0]!, bytes: bytes.subarray(1, size + 1) };
  }

  close(): void {
    for (const { file } of this.#segments) file.close();
  }
}

function checkHeader(file: ByteFile): void {
  const input = new BigEndianReader(file.read(0, HEADER_BYTES), file.path);
  const magic = input.uint32();
  if (magic !== MAGIC) {
    input.fail(`expected the magic number ${MAGIC.toString(16)}, got ${magic.toString(16)}`);
  }
  const version = input.byte();
  if (version !== VERSION) input.fail(`expected version ${VERSION}, got ${version}`);
}
