/**
 * One record of a text exposition, and what both full parsers promise. A record is a sample, a metadata line, a
 * comment or a blank line, up to and with its line feed (a quoted value of the text format may hold line feeds of
 * its own). The fields of a parser describe the record it parsed last; they are overwritten by the next.
 */
import type { MetricType } from "../model/metadata.ts";
import { decodeUtf8, quoteBytes } from "./quote.ts";
import { TOKEN_NAMES } from "./tokens.ts";

export type ExpositionFormat = "text" | "openmetrics";

export const RECORD_BLANK = 0;
export const RECORD_SAMPLE = 1;
export const RECORD_TYPE = 2;
export const RECORD_HELP = 3;
export const RECORD_UNIT = 4;
export const RECORD_COMMENT = 5;
/** The input ends here: `# EOF`, or a NUL at the start of a line of the text format. */
export const RECORD_END = 6;

/** The body is not what its format says. `line` counts from 1. */
export class ExpositionError extends Error {
  override readonly name = "ExpositionError";
  constructor(readonly line: number, readonly reason: string) {
    super(`line ${line}: ${reason}`);
  }
}

/** A series with more labels than this is cut off with an error: no storage takes it, and offsets stay bounded. */
const LABELS_MAX = 4096;

export abstract class RecordParser {
  abstract readonly format: ExpositionFormat;
  bytes: Uint8Array = new Uint8Array(0);
  end = 0;
  recordStart = 0;
  recordEnd = 0;
  /** Of a sample: name and braces, without the blanks around them. */
  keyStart = 0;
  keyEnd = 0;
  /** Of a sample: where its value starts. */
  valueAt = 0;
  /** The value in element 0: a typed array, so that a NaN keeps its bits. */
  readonly value: Float64Array = new Float64Array(1);
  hasTimestamp = false;
  timestampMs = 0;
  /** Metric name of a sample or of a metadata line. */
  nameStart = -1;
  nameEnd = -1;
  /** Four offsets a label: name start and end, value start and end. */
  labelOffsets: Int32Array = new Int32Array(64);
  labelsCount = 0;
  /** Of a sample: an exemplar stands behind it. */
  hasExemplar = false;
  /** Four offsets a label of the exemplar, as `labelOffsets`. */
  readonly exemplarOffsets: number[] = [];
  readonly exemplarValue: Float64Array = new Float64Array(1);
  /** NaN where it has no time of its own. */
  exemplarMs = NaN;
  type: MetricType = "unknown";
  textStart = 0;
  textEnd = 0;

  /** `bytes[end]` must exist: the caller owns a byte behind the body and keeps a non-digit in it. */
  load(bytes: Uint8Array, end: number): void {
    this.bytes = bytes;
    this.end = end;
  }

  /** Parses the record at `at` and answers its kind. Throws `ExpositionError`. */
  abstract parse(at: number): number;

  /** Whether a body may end without `RECORD_END`. */
  abstract readonly endIsOptional: boolean;

  protected addLabel(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.labelsCount * 4;
    if (this.labelsCount >= LABELS_MAX) this.fail(`more than ${LABELS_MAX} labels`);
    if (at + 4 > this.labelOffsets.length) {
      const grown = new Int32Array(this.labelOffsets.length * 2);
      grown.set(this.labelOffsets);
      this.labelOffsets = grown;
    }
    const offsets = this.labelOffsets;
    offsets[at] = nameStart;
    offsets[at + 1] = nameEnd;
    offsets[at + 2] = valueStart;
    offsets[at + 3] = valueEnd;
    this.labelsCount++;
  }

  protected fail(reason: string): never {
    throw new ExpositionError(lineOf(this.bytes, this.recordStart), reason);
  }

  /** As Prometheus's parseError: the token with the byte behind it, and the record so far. */
  protected failToken(expected: string, token: number, start: number, at: number): never {
    const stop = Math.min(this.end, at + 1);
    this.fail(
      `${expected}, got ${quoteBytes(this.bytes, start, stop)} ("${TOKEN_NAMES[token]!}") while parsing: ${
        quoteBytes(this.bytes, this.recordStart, stop)
      }`,
    );
  }

  protected soFar(at: number): string {
    return quoteBytes(this.bytes, this.recordStart, at);
  }

  /** Fails unless the bytes are valid UTF-8; `what` starts the message. */
  protected requireUtf8(start: number, end: number, what: (quoted: string) => string): void {
    if (isAscii(this.bytes, start, end)) return;
    if (decodeUtf8(this.bytes.subarray(start, end)) === undefined) {
      this.fail(what(quoteBytes(this.bytes, start, end)));
    }
  }
}

export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}

/** A short ASCII word, such as a type's name; empty for anything else. */
export function asciiOf(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > WORD_BYTES_MAX) return "";
  let word = "";
  for (let i = start; i < end; i++) {
    if (bytes[i]! >= 0x80) return "";
    word += String.fromCharCode(bytes[i]!);
  }
  return word;
}

/** Longer than the name of any type. */
const WORD_BYTES_MAX = 32;

/** The line, from 1, that `offset` lies in. */
export function lineOf(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let i = bytes.indexOf(10); i !== -1 && i < offset; i = bytes.indexOf(10, i + 1)) line++;
  return line;
}

export const METRIC_TYPES: ReadonlyMap<string, MetricType> = new Map<string, MetricType>([
  ["counter", "counter"],
  ["gauge", "gauge"],
  ["histogram", "histogram"],
  ["gaugehistogram", "gaugehistogram"],
  ["summary", "summary"],
  ["info", "info"],
  ["stateset", "stateset"],
  ["unknown", "unknown"],
]);
