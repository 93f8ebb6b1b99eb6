/**
 * A block: some series of an instant vector over all steps of a grid. Owned by whoever receives it, who may write
 * into it. A cell without a value holds the absent pattern (model/stale.ts). Absence is tested through the words
 * before any arithmetic, so no arithmetic ever sees the pattern, and a NaN that arithmetic makes never carries it.
 */
import { type HistogramTable, isHistogram } from "../model/histogram_cell.ts";
import { dropLabels, type Labels, labelsKey, METRIC_NAME } from "../model/labels.ts";
import { ABSENT_HIGH, ABSENT_LOW, fillAbsent, isAbsent, setAbsent, wordsOf } from "../model/stale.ts";
import { UserError } from "../core/errors.ts";

/** The instants at which an expression is evaluated. */
export interface StepGrid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

export interface Block {
  /** Cells a row. */
  readonly steps: number;
  readonly labels: readonly Labels[];
  /** Row i is cells i·steps up to (i+1)·steps. May be longer than the rows. */
  readonly values: Float64Array;
  /** Over the same buffer. */
  readonly words: Uint32Array;
  /** Non-zero for a series whose metric name goes away once the query is done; undefined for none. */
  readonly dropsName: Uint8Array | undefined;
  /**
   * What histogram cells point into (model/histogram_cell.ts). Undefined nearly always: no cell is a histogram. Not
   * to be written to, since other blocks may share it.
   */
  readonly histograms: HistogramTable | undefined;
}

export type Blocks = AsyncIterable<Block>;

export function emptyBlock(steps: number): Block {
  return blockOf(steps, [], new Float64Array(0), undefined);
}

export function blockOf(
  steps: number,
  labels: readonly Labels[],
  values: Float64Array,
  dropsName?: Uint8Array,
  histograms?: HistogramTable,
): Block {
  return { steps, labels, values, words: wordsOf(values), dropsName, histograms };
}

/** A block of `rows` absent rows. */
export function absentBlock(
  steps: number,
  labels: readonly Labels[],
  dropsName?: Uint8Array,
  histograms?: HistogramTable,
): Block {
  const values = new Float64Array(steps * labels.length);
  if (values.length < FILL_CELLS_MIN) {
    const block = blockOf(steps, labels, values, dropsName, histograms);
    fillAbsent(block.words, 0, values.length);
    return block;
  }
  new BigUint64Array(values.buffer).fill(ABSENT_BITS);
  return blockOf(steps, labels, values, dropsName, histograms);
}

/** The absent pattern as one word: a native fill is several times faster than a loop, but has a fixed cost. */
export const ABSENT_BITS = (BigInt(ABSENT_HIGH) << 32n) | BigInt(ABSENT_LOW);
const FILL_CELLS_MIN = 64;

export function isRowAbsent(words: Uint32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isAbsent(words, i)) return false;
  return true;
}

/** Copies cells as bits, so that every NaN keeps its meaning. */
export function copyCells(
  out: Float64Array,
  outAt: number,
  from: Float64Array,
  fromAt: number,
  count: number,
): void {
  if (count === 1) {
    const value = from[fromAt]!;
    if (value === value) {
      out[outAt] = value;
      return;
    }
  }
  out.set(from.subarray(fromAt, fromAt + count), outAt);
}

/** Only the given rows of a block, in that order. */
export function pickRows(block: Block, rows: readonly number[]): Block {
  const { steps } = block;
  const values = new Float64Array(steps * rows.length);
  const drops = block.dropsName === undefined ? undefined : new Uint8Array(rows.length);
  const labels: Labels[] = [];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    labels.push(block.labels[row]!);
    copyCells(values, i * steps, block.values, row * steps, steps);
    if (drops !== undefined) drops[i] = block.dropsName![row]!;
  }
  return blockOf(steps, labels, values, drops, block.histograms);
}

/** Without the rows that have no value at any step. */
export function dropAbsentRows(block: Block): Block {
  const { steps, words } = block;
  const kept: number[] = [];
  for (let i = 0; i < block.labels.length; i++) {
    if (!isRowAbsent(words, i * steps, (i + 1) * steps)) kept.push(i);
  }
  return kept.length === block.labels.length ? block : pickRows(block, kept);
}

/** A table as blocks have it: none rather than an empty one, which would only cost. */
export function tableOf(histograms: HistogramTable): HistogramTable | undefined {
  return histograms.length === 0 ? undefined : histograms;
}

/** Without the histograms, for operators that know floats only. The block itself, in nearly all cases. */
export function floatsOnly(block: Block): Block {
  if (block.histograms === undefined) return block;
  const { words } = block;
  const cells = block.labels.length * block.steps;
  for (let i = 0; i < cells; i++) if (isHistogram(words, i)) setAbsent(words, i);
  return dropAbsentRows({ ...block, histograms: undefined });
}

/** The same cells under other labels. */
export function relabelled(block: Block, labels: readonly Labels[], dropsName?: Uint8Array): Block {
  return { ...block, labels, dropsName };
}

export function withoutNames(labels: readonly Labels[]): readonly Labels[] {
  return labels.map(withoutName);
}

/** As Prometheus: the labels that say what a metric is go with its name. */
export const METADATA_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, "__type__", "__unit__"]);

export function withoutName(labels: Labels): Labels {
  for (let i = 0; i < labels.length; i += 2) {
    if (METADATA_LABELS.has(labels[i]!)) return dropLabels(labels, METADATA_LABELS);
  }
  return labels;
}

export function repeatedLabelsError(): UserError {
  return new UserError("execution", "vector cannot contain metrics with the same labelset");
}

/** What becomes of two series with one label set: refused always, or only where both have a value at one step. */
export type RepeatRule = "refuse" | "merge";

/** Makes label sets distinct, row by row, so that whoever has many rows can pause between them. */
export class RepeatMerge {
  readonly #block: Block;
  readonly #rule: RepeatRule;
  readonly #rowOf = new Map<string, number>();
  #kept: number[] | undefined;

  constructor(block: Block, rule: RepeatRule) {
    this.#block = block;
    this.#rule = rule;
  }

  /** To be called for each row in order. */
  add(row: number): void {
    const { labels, steps } = this.#block;
    const key = labelsKey(labels[row]!);
    const first = this.#rowOf.get(key);
    if (first === undefined) {
      this.#rowOf.set(key, row);
      this.#kept?.push(row);
      return;
    }
    if (this.#rule === "refuse") throw repeatedLabelsError();
    this.#kept ??= Array.from({ length: row }, (_, before) => before);
    mergeRow(this.#block, first * steps, row * steps);
  }

  /** The rows that are left; undefined for all. */
  get kept(): readonly number[] | undefined {
    return this.#kept;
  }
}

/** For a block of bounded size. */
export function mergeRepeats(block: Block, rule: RepeatRule): Block {
  const merge = new RepeatMerge(block, rule);
  for (let row = 0; row < block.labels.length; row++) merge.add(row);
  return merge.kept === undefined ? block : pickRows(block, merge.kept);
}

function mergeRow(block: Block, intoAt: number, fromAt: number): void {
  const { words, values } = block;
  for (let s = 0; s < block.steps; s++) {
    if (isAbsent(words, fromAt + s)) continue;
    if (!isAbsent(words, intoAt + s)) throw repeatedLabelsError();
    copyCells(values, intoAt + s, values, fromAt + s, 1);
    setAbsent(words, fromAt + s);
  }
}
