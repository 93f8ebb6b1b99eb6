/**
 * OpenMetrics text as samples for an import. A file is read in pieces of whole lines, and as often as it has slices
 * of time that fit memory: the order of its samples does not matter.
 */
import { UserError } from "../core/errors.ts";
import type { ByteFile } from "../core/ports.ts";
import { ExpositionError } from "../exposition/record.ts";
import { visitExposition } from "../exposition/visit.ts";
import { formatLabels, type Labels, labelsKey, labelsOf } from "../model/labels.ts";
import { wordsOf } from "../model/stale.ts";
import type { ImportWriter } from "../storage/import/import_writer.ts";
import { type ImportSeries, sourceOf } from "../storage/import/import_writer.ts";
import { SampleColumn } from "../storage/prometheus_tsdb/sample_column.ts";

const PIECE_BYTES = 8 * 1024 * 1024;
/** A line: far above any real one, and what is kept of a file without line feeds. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
/** Of one slice: 16 bytes each, and what arrays grow ahead. */
const SLICE_SAMPLES_MAX = 8_000_000;
const LINE_FEED = 0x0a;
const END = new TextEncoder().encode("# EOF\n");

type Pairs = readonly (readonly [name: string, value: string])[];
type Visit = (pairs: Pairs, value: Float64Array, tMs: number) => void;

export interface OpenMetricsOptions {
  /** Added to every series. */
  readonly labels: Pairs;
  readonly progress: (line: string) => void;
  /** Default: `SLICE_SAMPLES_MAX`. */
  readonly sliceSamplesMax?: number;
  /** Default: `PIECE_BYTES`. */
  readonly pieceBytes?: number;
}

export async function importOpenMetrics(
  file: ByteFile,
  writer: ImportWriter,
  { labels: extra, progress, sliceSamplesMax = SLICE_SAMPLES_MAX, pieceBytes = PIECE_BYTES }:
    OpenMetricsOptions,
): Promise<void> {
  let count = 0;
  let startMs = Infinity;
  let endMs = -Infinity;
  // A file that fits one slice is read once.
  let collected: Collected | undefined = new Collected(extra);
  visitFile(file, pieceBytes, (pairs, value, tMs) => {
    count++;
    if (tMs < startMs) startMs = tMs;
    if (tMs > endMs) endMs = tMs;
    if (count > sliceSamplesMax) collected = undefined;
    collected?.add(pairs, value, tMs);
  });
  progress(`${file.path}: ${count} samples`);
  if (collected !== undefined) return await collected.write(writer);
  const slices = Math.ceil(count / sliceSamplesMax);
  const sliceMs = Math.ceil((endMs - startMs + 1) / slices);
  for (let fromMs = startMs; fromMs <= endMs; fromMs += sliceMs) {
    const slice = new Collected(extra);
    visitFile(file, pieceBytes, (pairs, value, tMs) => {
      if (tMs >= fromMs && tMs < fromMs + sliceMs) slice.add(pairs, value, tMs);
    });
    await slice.write(writer);
    progress(`  ${writer.samples} samples written`);
  }
}

interface Series {
  readonly labels: Labels;
  readonly samples: SampleColumn;
}

/** The samples of one slice, by series and source. */
class Collected {
  readonly #extra: Pairs;
  readonly #byPairs = new Map<string, Series>();
  readonly #sources = new Map<string, Map<string, Series>>();

  constructor(extra: Pairs) {
    this.#extra = extra;
  }

  add(pairs: Pairs, value: Float64Array, tMs: number): void {
    let written = "";
    for (const [name, text] of pairs) written += `${name}\xff${text}\xff`;
    let series = this.#byPairs.get(written);
    if (series === undefined) {
      this.#byPairs.set(written, series = seriesOf(pairs, this.#extra, this.#sources));
    }
    const words = wordsOf(value);
    series.samples.push(tMs, words[1]!, words[0]!);
  }

  async write(writer: ImportWriter): Promise<void> {
    for (const [source, known] of this.#sources) {
      const batch = [...known.values()].map(({ labels, samples }): ImportSeries => ({
        labels,
        ...samples.sorted(),
      }));
      await writer.write(source, batch);
    }
  }
}

/** One label set may be written in several ways: they are one series. */
function seriesOf(pairs: Pairs, extra: Pairs, sources: Map<string, Map<string, Series>>): Series {
  const names = new Set<string>();
  for (const [name] of pairs) {
    if (names.has(name)) {
      throw new UserError("bad_data", `label ${JSON.stringify(name)} occurs twice in one series`);
    }
    names.add(name);
  }
  const labels = labelsOf([...pairs.filter(([name]) => !extra.some(([added]) => added === name)), ...extra]);
  const source = sourceOf(labels);
  let known = sources.get(source);
  if (known === undefined) sources.set(source, known = new Map());
  const key = labelsKey(labels);
  let series = known.get(key);
  if (series === undefined) known.set(key, series = { labels, samples: new SampleColumn(16) });
  return series;
}

/** Each sample in order. Throws a `UserError` that names the file and the line. */
function visitFile(file: ByteFile, pieceBytes: number, visit: Visit): void {
  let linesBefore = 0;
  // What a piece must be told of the one before: the type decides how a bucket's bound is read.
  let type = "";
  for (const { bytes, lines, isLast } of piecesOf(file, pieceBytes)) {
    const head = new TextEncoder().encode(type);
    const content = new Uint8Array(head.length + bytes.length + (isLast ? 0 : END.length));
    content.set(head);
    content.set(bytes, head.length);
    if (!isLast) content.set(END, head.length + bytes.length);
    const headLines = type === "" ? 0 : 1;
    try {
      visitExposition("openmetrics", content, {
        sample: (pairs, value, tMs) => {
          if (tMs === undefined) {
            const labels = formatLabels(labelsOf(pairs));
            throw new UserError(
              "bad_data",
              `${file.path}: expected timestamp for series ${labels}, got none`,
            );
          }
          visit(pairs, value, tMs);
        },
        type: (family, name) => type = `# TYPE ${JSON.stringify(family)} ${name}\n`,
      });
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error;
      const message = error.message.replace(
        /^line (\d+)/,
        (_, line) => `line ${Number(line) - headLines + linesBefore}`,
      );
      throw new UserError("bad_data", `${file.path}: ${message}`, { cause: error });
    }
    linesBefore += lines;
  }
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly lines: number;
  readonly isLast: boolean;
}

function* piecesOf(file: ByteFile, pieceBytes: number): Iterable<Piece> {
  for (let at = 0;;) {
    let size = pieceBytes;
    let bytes = file.read(at, size);
    const isLast = () => at + bytes.length >= file.bytesCount;
    let end = bytes.lastIndexOf(LINE_FEED) + 1;
    while (!isLast() && end === 0) {
      if (size >= LINE_BYTES_MAX) {
        throw new UserError(
          "bad_data",
          `${file.path}: a line at byte ${at} is longer than ${LINE_BYTES_MAX} bytes`,
        );
      }
      bytes = file.read(at, size *= 2);
      end = bytes.lastIndexOf(LINE_FEED) + 1;
    }
    const last = isLast();
    const piece = last ? bytes : bytes.subarray(0, end);
    let lines = 0;
    for (const byte of piece) if (byte === LINE_FEED) lines++;
    yield { bytes: piece, lines, isLast: last };
    if (last) return;
    at += piece.length;
  }
}
