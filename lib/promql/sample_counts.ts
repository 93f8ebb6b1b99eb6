/**
 * How many samples a query works on and how many it reads, as Prometheus counts them for `stats`. A count belongs to
 * one grid of steps: the query's, that of a subquery, or the one step of a part that never changes. Counting costs
 * next to nothing: blocks and windows know their sums. By step it is counted only where somebody asks for it.
 */
import { assert } from "../core/assert.ts";
import { histogramAt } from "../model/histogram_cell.ts";
import { isAbsent } from "../model/stale.ts";
import type { Block } from "./block.ts";
import { blockWeight, histogramWeight } from "./histogram_weight.ts";

/** The windows of some columns that hold samples at the same times: indices lo[s] up to hi[s], hi excluded. */
export interface CountedWindows {
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  /** The sum of their sizes. */
  readonly visits: number;
  readonly columns: number;
  /** Whether no sample lies in two windows. Otherwise none lies between two. */
  readonly disjoint: boolean;
  /** Whether the samples come from storage, and not from a subquery, which has counted its own reads. */
  readonly fromStorage: boolean;
}

/** A subquery as its reader sees it. */
export interface SubqueryReader {
  /** Of the steps of the subquery. */
  readonly startMs: number;
  readonly stepMs: number;
  /** Where the window of each step of the reader ends, and how long it is. */
  readonly endMs: Float64Array;
  readonly rangeMs: number;
}

export class SampleCounts {
  /** Each sample once for every step that looks at it. */
  total = 0;
  /** Each sample of a window once, at the first step that has it. */
  read = 0;
  readonly totalAt: Float64Array | undefined;
  readonly readAt: Float64Array | undefined;

  constructor(totalAt?: Float64Array, readAt?: Float64Array) {
    this.totalAt = totalAt;
    this.readAt = readAt;
  }

  static byStep(steps: number): SampleCounts {
    return new SampleCounts(new Float64Array(steps), new Float64Array(steps));
  }

  /** Nothing counted yet, over the same steps. */
  empty(): SampleCounts {
    return new SampleCounts(likeIt(this.totalAt), likeIt(this.readAt));
  }

  /** For a subquery that is read here: by step, if it matters which of its steps a window has. */
  ofSubquery(steps: number, reader: SubqueryReader): SampleCounts {
    return new SampleCounts(undefined, this.#asksForSteps(reader) ? new Float64Array(steps) : undefined);
  }

  /** Adds what was counted over the same steps. */
  add(other: SampleCounts): void {
    this.total += other.total;
    this.read += other.read;
    addInto(this.totalAt, other.totalAt);
    addInto(this.readAt, other.readAt);
  }

  /** As Prometheus: what is the same at every step is read at the first and counts at each. */
  addRepeated(once: SampleCounts, steps: number): void {
    this.total += once.total * steps;
    this.#addReadAt(0, once.read);
    const { totalAt } = this;
    if (totalAt !== undefined) { for (let s = 0; s < steps; s++) totalAt[s]! += once.total; }
  }

  /** A range vector as the result of an instant query. */
  addAtOnce(total: number, read: number): void {
    this.total += total;
    this.#addReadAt(0, read);
    if (this.totalAt !== undefined) this.totalAt[0]! += total;
  }

  /** The samples that a selector gave; `present` is how many cells hold one. */
  addBlock(block: Block, present: number): void {
    const cells = block.labels.length * block.steps;
    const count = present + (block.histograms === undefined ? 0 : blockWeight(block) - cells);
    this.total += count;
    this.read += count;
    if (this.totalAt !== undefined) addCells(this.totalAt, block);
    if (this.readAt !== undefined) addCells(this.readAt, block);
  }

  addWindows({ lo, hi, visits, columns, disjoint, fromStorage }: CountedWindows): void {
    if (visits === 0 || columns === 0) return;
    this.total += visits * columns;
    if (this.totalAt !== undefined) addSizes(this.totalAt, lo, hi, columns);
    if (!fromStorage) return;
    this.read += (disjoint ? visits : hi[hi.length - 1]! - lo[0]!) * columns;
    if (this.readAt !== undefined) addNew(this.readAt, lo, hi, columns);
  }

  /** What a subquery read, at the first step whose window has the step of the subquery. Its total counts nowhere. */
  addSubquery(inner: SampleCounts, reader: SubqueryReader): void {
    const { startMs, stepMs, endMs, rangeMs } = reader;
    const { readAt } = inner;
    if (!this.#asksForSteps(reader)) {
      this.#addReadAt(0, inner.read);
      return;
    }
    assert(readAt !== undefined, "reads of a subquery are counted by step where its reader asks for them");
    let s = 0;
    for (let k = 0; k < readAt.length; k++) {
      const tMs = startMs + k * stepMs;
      while (s < endMs.length && endMs[s]! < tMs) s++;
      if (s === endMs.length) return;
      if (tMs > endMs[s]! - rangeMs) this.#addReadAt(s, readAt[k]!);
    }
  }

  /** Not where there is one window, or the same at every step, or windows without space between and no counts by step. */
  #asksForSteps({ endMs, rangeMs }: SubqueryReader): boolean {
    const steps = endMs.length;
    if (steps < 2 || endMs[0] === endMs[steps - 1]) return false;
    return this.readAt !== undefined || endMs[1]! - endMs[0]! > rangeMs;
  }

  #addReadAt(step: number, count: number): void {
    this.read += count;
    if (this.readAt !== undefined) this.readAt[step]! += count;
  }
}

function likeIt(counts: Float64Array | undefined): Float64Array | undefined {
  return counts === undefined ? undefined : new Float64Array(counts.length);
}

function addInto(out: Float64Array | undefined, counts: Float64Array | undefined): void {
  if (out === undefined) return;
  assert(counts !== undefined && counts.length === out.length, "counts by step are of the same steps");
  for (let s = 0; s < out.length; s++) out[s]! += counts[s]!;
}

function addCells(out: Float64Array, { labels, steps, words, histograms }: Block): void {
  for (let i = 0; i < labels.length; i++) {
    for (let s = 0; s < steps; s++) {
      const at = i * steps + s;
      if (isAbsent(words, at)) continue;
      const histogram = histogramAt(words, at, histograms);
      out[s]! += histogram === undefined ? 1 : histogramWeight(histogram);
    }
  }
}

function addSizes(out: Float64Array, lo: Int32Array, hi: Int32Array, columns: number): void {
  for (let s = 0; s < lo.length; s++) out[s]! += (hi[s]! - lo[s]!) * columns;
}

/** What a window has that the windows before it do not have. */
function addNew(out: Float64Array, lo: Int32Array, hi: Int32Array, columns: number): void {
  let seen = 0;
  for (let s = 0; s < lo.length; s++) {
    out[s]! += (hi[s]! - Math.max(lo[s]!, seen)) * columns;
    seen = hi[s]!;
  }
}
