/**
 * Reads a body by its predecessor. Line k of a scrape is nearly always the series of line k of the last one, and
 * most lines are byte for byte the same, so both are walked in step: equal bytes mean equal series and value,
 * an equal key means that only the number is parsed, and only a line with no counterpart goes through the full
 * parser and the index. Without a predecessor every line does. The answer is the same either way.
 * `bench/exposition_bench.ts` is what this cleverness is paid by; the full parser is its oracle.
 */
import type { MetricType } from "../model/metadata.ts";
import { readPlainFloat } from "./float_bytes.ts";
import { LineTable, PREFIX_BYTES_MAX, SLOT_END, SLOT_METADATA, SLOT_NONE, SLOT_TYPE } from "./line_table.ts";
import { OpenMetricsParser } from "./open_metrics_parser.ts";
import {
  type ExpositionFormat,
  RECORD_END,
  RECORD_HELP,
  RECORD_SAMPLE,
  RECORD_TYPE,
  RECORD_UNIT,
  type RecordParser,
} from "./record.ts";
import { type KeySource, sameBytes, SlotIndex } from "./slot_index.ts";
import { TextParser } from "./text_parser.ts";
import { UnitAbove } from "./unit_above.ts";

/** A body in a buffer of its own, with one byte behind `end` that is not part of it (`sealBody`). */
export interface Body {
  readonly format: ExpositionFormat;
  readonly bytes: Uint8Array;
  readonly end: number;
}

export interface PreviousBody extends Body {
  readonly lines: LineTable;
  readonly slotsCount: number;
}

/** Where new series go. May throw to end the reading. */
export interface SeriesSink {
  /**
   * A slot for the series that `parser` has just parsed: the next free one. `unit` finds its unit, and leaves the
   * parser as it was.
   */
  defineSlot(parser: RecordParser, type: MetricType, unit: () => string): number;
}

/** How far ahead in the previous body a line is looked for before the index is built. */
const RESYNC_LINES = 4;
const LINES_INITIAL = 2048;

/** Bodies are compared so many bytes at a time: one of gigabytes must leave room for a pause. */
const STRETCH_BYTES = 256 * 1024;
/** What a reading costs, in units of a line that is met in place: some 20 ns. */
const WORK_STRETCH = 4_000;
const WORK_PARSED = 16;
const WORK_NEW = 64;
/** More than any reading takes. */
export const WORK_ALL = 2 ** 53;

/**
 * Puts `length` bytes into shape: the text format gets a line feed at its end, as Prometheus appends one, and
 * OpenMetrics a byte that no number goes on with. `bytes` must have two bytes of room behind them.
 */
export function sealBody(format: ExpositionFormat, bytes: Uint8Array, length: number): Body {
  if (format === "openmetrics") {
    bytes[length] = 0;
    return { format, bytes, end: length };
  }
  bytes[length] = 10;
  bytes[length + 1] = 0;
  return { format, bytes, end: length + 1 };
}

/** Room that `sealBody` needs behind a body. */
export const BODY_SEAL_BYTES = 2;

/** A reading that may be paused: where it stands in the body, and in the lines of the previous one. */
interface Reading {
  readonly body: Body;
  readonly previous: PreviousBody | undefined;
  readonly inStep: boolean;
  readonly sink: SeriesSink;
  at: number;
  line: number;
}

export class BodyReader {
  /** The records of the last reading; of an unfinished one after a throw. Valid until the next reading. */
  readonly lines: LineTable = new LineTable(LINES_INITIAL);
  /** Lines of the last reading that have an exemplar and were not the same as before. */
  readonly exemplarLines: number[] = [];
  /**
   * Whether the last reading did anything but find each line of the previous body once and in order. While it
   * did not, the set of series and the metadata are the previous ones.
   */
  structureChanged = false;
  /** Whether HELP, TYPE or UNIT lines came, went or changed; never true while the structure is unchanged. */
  metadataChanged = false;

  readonly #text: RecordParser = new TextParser();
  readonly #openMetrics = new OpenMetricsParser();
  readonly #index = new SlotIndex();
  #indexed = false;
  #typeScanned = 0;
  #type: MetricType = "unknown";
  #parser: RecordParser = this.#text;
  #units: UnitAbove | undefined;
  #reading: Reading | undefined;

  /** A parser of `format`, free between readings. */
  parserOf(format: ExpositionFormat): RecordParser {
    return format === "text" ? this.#text : this.#openMetrics;
  }

  /** Fills `lines`. Throws `ExpositionError` and whatever `sink` throws. */
  read(body: Body, previous: PreviousBody | undefined, sink: SeriesSink): void {
    this.begin(body, previous, sink);
    this.advance(WORK_ALL);
  }

  /** Begins a reading that `advance` carries on: the bodies and `previous.lines` must not change until its end. */
  begin(body: Body, previous: PreviousBody | undefined, sink: SeriesSink): void {
    const usable = previous !== undefined && previous.format === body.format ? previous : undefined;
    this.lines.clear();
    this.exemplarLines.length = 0;
    this.structureChanged = usable === undefined;
    this.metadataChanged = usable === undefined;
    this.#indexed = false;
    this.#typeScanned = 0;
    this.#type = "unknown";
    this.#units = undefined;
    this.#parser = this.parserOf(body.format);
    this.#parser.load(body.bytes, body.end);
    this.#reading = {
      body,
      previous: usable ?? previous,
      inStep: usable !== undefined,
      sink,
      at: 0,
      line: 0,
    };
  }

  /** About `work` units more (see WORK_…), then a pause; true at the end. Throws as `read` does. */
  advance(work: number): boolean {
    const reading = this.#reading;
    if (reading === undefined) return true;
    let ended = true;
    try {
      ended = this.#walk(this.#parser, reading, work);
    } finally {
      if (ended) this.abandon();
    }
    return ended;
  }

  /** Ends a reading where it stands, and lets go of the bodies. */
  abandon(): void {
    this.#reading = undefined;
    this.#index.release();
  }

  #walk(parser: RecordParser, reading: Reading, work: number): boolean {
    const { body, previous, inStep, sink } = reading;
    const { bytes, end } = body;
    const { lines } = this;
    const old = sourceOf(previous?.bytes ?? new Uint8Array(0));
    const fresh = sourceOf(bytes);
    const oldLines = previous?.lines ?? NO_LINES;
    const oldBytes = old.bytes;
    const oldStart = oldLines.start;
    let oldCount = inStep ? oldLines.count : 0;
    // The end of the body is never matched: what follows it decides whether it is right.
    if (oldCount > 0 && oldLines.slot[oldCount - 1] === SLOT_END) oldCount--;
    const oldEnd = oldStart[oldCount]!;
    let { at, line: i } = reading;
    let left = work;
    for (;;) {
      if (at >= end && parser.endIsOptional) break;
      if (left <= 0) {
        reading.at = at;
        reading.line = i;
        return false;
      }
      left--;
      if (i < oldCount) {
        const from = oldStart[i]!;
        const most = Math.min(end - at, oldEnd - from);
        const stretch = Math.min(most, STRETCH_BYTES);
        let same = commonLength(fresh.view, at, old.view, from, stretch);
        if (same === stretch && stretch < most) {
          left -= WORK_STRETCH;
          // A line longer than a stretch is compared as a whole.
          if (oldStart[i + 1]! - from > same) same = commonLength(fresh.view, at, old.view, from, most);
        }
        const firstLine = i;
        while (i < oldCount && oldStart[i + 1]! - from <= same) i++;
        if (i > firstLine) {
          copyLines(lines, oldLines, firstLine, i, at - from);
          at += oldStart[i]! - from;
          if (i === oldCount || (same === stretch && stretch < most)) continue;
        }
        // `same` bytes from `from`: the mismatch lies in line i.
        const matched = same - (oldStart[i]! - from);
        const prefix = oldLines.prefix[i]!;
        if (prefix !== 0 && matched >= prefix) {
          while (lines.count >= lines.capacity) lines.grow();
          const stop = readPlainFloat(bytes, at + prefix, lines.values, lines.count);
          if (stop !== -1 && bytes[stop] === 10 && stop < end) {
            this.#push(at, stop + 1, prefix, oldLines.slot[i]!);
            at = stop + 1;
            i++;
            continue;
          }
          if (parser.parse(at) === RECORD_SAMPLE && parser.valueAt === at + prefix) {
            this.#pushParsed(parser, oldLines.slot[i]!);
            at = parser.recordEnd;
            i++;
            continue;
          }
        }
        const ahead = aheadOf(bytes, at, end, oldBytes, oldLines, i, oldCount);
        if (ahead > 0) {
          this.#skipped(oldLines, i, ahead);
          i = ahead;
          continue;
        }
      }
      left -= WORK_PARSED;
      const kind = parser.parse(at);
      if (kind === RECORD_SAMPLE) {
        if (!this.#indexed) {
          this.#index.build(oldLines, previous?.slotsCount ?? 0, old, fresh);
          this.#indexed = true;
        }
        let slot = this.#index.find(parser.keyStart, parser.keyEnd);
        if (slot === -1) {
          this.structureChanged = true;
          left -= WORK_NEW;
          slot = sink.defineSlot(parser, this.#typeAbove(parser), this.#unitAbove);
          this.#index.add(slot, parser.keyStart, parser.keyEnd);
        } else {
          const line = this.#index.lineOf(slot);
          if (line !== i) this.#skipped(oldLines, i, line);
          if (line !== -1 && inStep) i = line + 1;
        }
        this.#pushParsed(parser, slot);
      } else {
        // The end alone is expected to come here each time.
        const slot = slotOfKind(kind);
        if (kind !== RECORD_END) this.structureChanged = true;
        if (slot === SLOT_TYPE || slot === SLOT_METADATA) this.metadataChanged = true;
        this.#push(at, parser.recordEnd, 0, slot);
        if (slot === SLOT_TYPE) {
          this.#type = parser.type;
          this.#typeScanned = this.lines.count;
        }
        if (kind === RECORD_END) {
          at = end;
          break;
        }
      }
      at = parser.recordEnd;
    }
    if (i !== oldCount) this.#skipped(oldLines, i, oldCount);
    return true;
  }

  /** Lines `from … to` of the previous body have no counterpart here; or the walk went back. */
  #skipped(old: LineTable, from: number, to: number): void {
    this.structureChanged = true;
    for (let i = from; i < to && !this.metadataChanged; i++) {
      this.metadataChanged = old.slot[i] === SLOT_TYPE || old.slot[i] === SLOT_METADATA;
    }
  }

  #push(start: number, end: number, prefix: number, slot: number): void {
    const { lines } = this;
    while (lines.count >= lines.capacity) lines.grow();
    const line = lines.count++;
    lines.start[line] = start;
    lines.start[line + 1] = end;
    lines.prefix[line] = prefix;
    lines.slot[line] = slot;
    if (lines.hasTimes) lines.times[line] = NaN;
  }

  #pushParsed(parser: RecordParser, slot: number): void {
    const { lines } = this;
    const start = parser.recordStart;
    const prefix = parser.valueAt - start;
    // `a+1` is the name `a` and the value `+1`: such a prefix also starts the name of `a2`.
    const before = parser.bytes[parser.valueAt - 1];
    const isClosed = before === 32 || before === 9 || before === 125;
    this.#push(start, parser.recordEnd, isClosed && prefix <= PREFIX_BYTES_MAX ? prefix : 0, slot);
    const line = lines.count - 1;
    copyValue(parser.value, lines.values, line);
    if (parser.hasTimestamp) lines.setTime(line, parser.timestampMs);
    if (parser.hasExemplar) this.exemplarLines.push(line);
  }

  readonly #unitAbove = (): string => {
    const parser = this.#parser;
    const at = parser.recordStart;
    const unit = (this.#units ??= new UnitAbove()).at(parser, this.lines, this.lines.count);
    parser.parse(at);
    return unit;
  };

  /** The type that the last TYPE line read so far declares. Leaves `parser` as it was. */
  #typeAbove(parser: RecordParser): MetricType {
    const { lines } = this;
    let found = -1;
    for (let line = lines.count - 1; line >= this.#typeScanned; line--) {
      if (lines.slot[line] === SLOT_TYPE) {
        found = line;
        break;
      }
    }
    this.#typeScanned = lines.count;
    if (found !== -1) {
      const at = parser.recordStart;
      parser.parse(lines.start[found]!);
      this.#type = parser.type;
      parser.parse(at);
    }
    return this.#type;
  }
}

const NO_LINES = new LineTable(0);

function sourceOf(bytes: Uint8Array): KeySource {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

function slotOfKind(kind: number): number {
  switch (kind) {
    case RECORD_TYPE:
      return SLOT_TYPE;
    case RECORD_HELP:
    case RECORD_UNIT:
      return SLOT_METADATA;
    case RECORD_END:
      return SLOT_END;
    default:
      return SLOT_NONE;
  }
}

/** Copies element 0 of `from`, bits and all: an assignment of numbers may change a NaN's payload. */
function copyValue(from: Float64Array, to: Float64Array, index: number): void {
  const value = from[0]!;
  if (value === value) to[index] = value;
  else to.set(from, index);
}

/** How many bytes are equal from both positions on, up to `max`. */
function commonLength(a: DataView, aAt: number, b: DataView, bAt: number, max: number): number {
  let i = 0;
  const stop = max - 7;
  while (
    i < stop && a.getInt32(aAt + i, true) === b.getInt32(bAt + i, true) &&
    a.getInt32(aAt + i + 4, true) === b.getInt32(bAt + i + 4, true)
  ) i += 8;
  while (i < max && a.getUint8(aAt + i) === b.getUint8(bAt + i)) i++;
  return i;
}

/** Appends lines `from … to` of `old`, moved by `shift` bytes. */
function copyLines(lines: LineTable, old: LineTable, from: number, to: number, shift: number): void {
  while (lines.count + (to - from) > lines.capacity) lines.grow();
  const { start, prefix, slot, values } = lines;
  let line = lines.count;
  if (to - from > 16) {
    prefix.set(old.prefix.subarray(from, to), line);
    slot.set(old.slot.subarray(from, to), line);
    values.set(old.values.subarray(from, to), line);
    for (let i = from; i < to; i++) start[line++] = old.start[i]! + shift;
  } else {
    const words = old.values;
    for (let i = from; i < to; i++) {
      start[line] = old.start[i]! + shift;
      prefix[line] = old.prefix[i]!;
      slot[line] = old.slot[i]!;
      const value = words[i]!;
      if (value === value) values[line] = value;
      else values.set(words.subarray(i, i + 1), line);
      line++;
    }
  }
  start[line] = old.start[to]! + shift;
  if (old.hasTimes) {
    for (let i = from; i < to; i++) {
      const tMs = old.times[i]!;
      if (tMs === tMs) lines.setTime(lines.count + i - from, tMs);
      else if (lines.hasTimes) lines.times[lines.count + i - from] = NaN;
    }
  } else if (lines.hasTimes) lines.times.fill(NaN, lines.count, line);
  lines.count = line;
}

/** The next few lines of the previous body: one that stands at `at`, whole or up to its value; 0 for none. */
function aheadOf(
  bytes: Uint8Array,
  at: number,
  end: number,
  old: Uint8Array,
  lines: LineTable,
  line: number,
  count: number,
): number {
  const stop = Math.min(count, line + 1 + RESYNC_LINES);
  for (let i = line + 1; i < stop; i++) {
    const from = lines.start[i]!;
    const prefix = lines.prefix[i]!;
    const length = prefix === 0 ? lines.start[i + 1]! - from : prefix;
    if (at + length <= end && sameBytes(bytes, at, old, from, length)) return i;
  }
  return 0;
}
