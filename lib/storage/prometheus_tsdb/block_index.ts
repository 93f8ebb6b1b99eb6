/**
 * The index of a Prometheus block, version 2: its symbols are kept, its series are read one by one. Postings are not
 * needed: an import reads everything.
 */
import type { ByteFile } from "../../core/ports.ts";
import type { Labels } from "../../model/labels.ts";
import { CorruptDataError } from "../errors.ts";
import { BigEndianReader } from "./big_endian.ts";
import { crc32c } from "./crc32c.ts";
import { FileWindow } from "./file_window.ts";

const MAGIC = 0xbaaad700;
const VERSION = 2;
const TOC_BYTES = 6 * 8 + 4;
const SERIES_ALIGN_BYTES = 16;
const LENGTH_BYTES_MAX = 10;
const WINDOW_BYTES = 1024 * 1024;
/** A series with its chunks: far above what any has. */
const SERIES_BYTES_MAX = 64 * 1024 * 1024;

export interface ChunkMeta {
  readonly minMs: number;
  readonly maxMs: number;
  /** File number and place within it. */
  readonly segment: number;
  readonly offset: number;
}

export interface IndexSeries {
  /** As tombstones name it. */
  readonly ref: number;
  readonly labels: Labels;
  readonly chunks: readonly ChunkMeta[];
}

export class BlockIndex {
  readonly #window: FileWindow;
  readonly #symbols: readonly string[];
  readonly #seriesStart: number;
  readonly #seriesEnd: number;

  constructor(file: ByteFile) {
    this.#window = new FileWindow(file, WINDOW_BYTES);
    const head = new BigEndianReader(this.#window.bytes(0, 5), file.path);
    const magic = head.uint32();
    if (magic !== MAGIC) {
      head.fail(`expected the magic number ${MAGIC.toString(16)}, got ${magic.toString(16)}`);
    }
    const version = head.byte();
    if (version !== VERSION) head.fail(`expected version ${VERSION} of the index, got ${version}`);
    if (file.bytesCount < 5 + TOC_BYTES) head.fail("the table of contents is missing");
    const tail = this.#window.bytes(file.bytesCount - TOC_BYTES, TOC_BYTES).slice();
    const toc = new BigEndianReader(tail, `table of contents of ${file.path}`);
    const places = Array.from({ length: 6 }, () => toc.uint64());
    if (toc.uint32() !== crc32c(tail.subarray(0, TOC_BYTES - 4))) toc.fail("its checksum is wrong");
    const [symbols = 0, series = 0] = places;
    if (places.some((place) => place > file.bytesCount)) {
      toc.fail("a section lies beyond the end of the file");
    }
    this.#seriesStart = series;
    const following = places.slice(2).filter((place) => place > series);
    this.#seriesEnd = Math.min(file.bytesCount - TOC_BYTES, ...following);
    this.#symbols = this.#readSymbols(symbols);
  }

  #readSymbols(at: number): string[] {
    const { file } = this.#window;
    const size = new BigEndianReader(this.#window.bytes(at, 4), `symbols of ${file.path}`).uint32();
    const body = file.read(at + 4, size + 4);
    const input = new BigEndianReader(body, `symbols of ${file.path}`);
    input.need(size + 4);
    const sum = new BigEndianReader(body.subarray(size), "checksum").uint32();
    if (sum !== crc32c(body.subarray(0, size))) input.fail("the checksum is wrong");
    const count = input.uint32();
    if (count > size) input.fail(`${count} symbols in ${size} bytes`);
    const symbols: string[] = [];
    for (let i = 0; i < count; i++) symbols.push(input.text());
    return symbols;
  }

  /** Where each series lies, in the order of their labels. */
  *places(): Iterable<number> {
    let at = this.#seriesStart;
    while (true) {
      at = Math.ceil(at / SERIES_ALIGN_BYTES) * SERIES_ALIGN_BYTES;
      if (at >= this.#seriesEnd) return;
      const { start, size } = this.#extent(at);
      if (size === 0) return;
      yield at;
      at = start + size + 4;
    }
  }

  #extent(at: number): { readonly start: number; readonly size: number } {
    const input = new BigEndianReader(
      this.#window.upTo(at, LENGTH_BYTES_MAX),
      `series at ${at} of ${this.#window.file.path}`,
    );
    const size = input.count(SERIES_BYTES_MAX, "bytes of a series");
    return { start: at + input.at, size };
  }

  seriesAt(at: number): IndexSeries {
    const { path } = this.#window.file;
    const { start, size } = this.#extent(at);
    const bytes = this.#window.bytes(start, size + 4);
    const what = `series at ${at} of ${path}`;
    const input = new BigEndianReader(bytes.subarray(0, size), what);
    const sum = new BigEndianReader(bytes.subarray(size), what).uint32();
    if (sum !== crc32c(input.bytes)) input.fail("the checksum is wrong");
    const labels: string[] = [];
    const labelsCount = input.count(input.left, "labels");
    for (let i = 0; i < 2 * labelsCount; i++) labels.push(this.#symbol(input));
    const chunks: ChunkMeta[] = [];
    const chunksCount = input.count(input.left, "chunks");
    let maxMs = 0;
    let ref = 0;
    for (let i = 0; i < chunksCount; i++) {
      const minMs = i === 0 ? input.varint() : maxMs + input.uvarint();
      maxMs = minMs + input.uvarint();
      ref = i === 0 ? input.uvarint() : ref + input.varint();
      if (ref < 0 || ref > Number.MAX_SAFE_INTEGER) input.fail("a chunk lies nowhere");
      chunks.push({ minMs, maxMs, segment: Math.floor(ref / 2 ** 32), offset: ref % 2 ** 32 });
    }
    return { ref: at / SERIES_ALIGN_BYTES, labels, chunks };
  }

  #symbol(input: BigEndianReader): string {
    const number = input.uvarint();
    const text = this.#symbols[number];
    if (text === undefined) {
      throw new CorruptDataError(
        `Cannot decode ${input.what}: it names symbol ${number}, of ${this.#symbols.length}`,
      );
    }
    return text;
  }

  close(): void {
    this.#window.file.close();
  }
}
