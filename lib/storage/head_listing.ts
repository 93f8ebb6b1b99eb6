/**
 * Lists the series of a head, their label names and the values of a label, a bounded part at a time: scrapes are
 * taken in between two parts. A part ends with a cursor. Where the series table was built anew meanwhile, the listing
 * begins again: what is found may come twice, but nothing is missed.
 */
import type { Labels } from "../model/labels.ts";
import { type Matcher, matchesValue } from "../model/matchers.ts";
import type { Head } from "./head.ts";
import { allHidden } from "./head_view.ts";
import type { LabelIndex } from "./label_index.ts";
import type { TimeRange } from "./source.ts";

type MatcherSets = readonly (readonly Matcher[])[];

/** Series that are looked at for one part: some ten milliseconds. */
const PART_SERIES_MAX = 8_192;

export interface ListingCursor {
  /** Of the series table that `from` belongs to. */
  readonly generation: number;
  /** The first series of the next part. */
  readonly from: number;
}

export interface ListingPart<T> {
  /** In no order, perhaps more than once. */
  readonly found: readonly T[];
  /** Undefined at the end. */
  readonly next: ListingCursor | undefined;
}

export function seriesOf(
  head: Head,
  matcherSets: MatcherSets,
  range: TimeRange,
  cursor?: ListingCursor,
): ListingPart<Labels> {
  const found: Labels[] = [];
  const next = eachMatching(head, matcherSets, range, cursor, (id) => found.push(head.series.labelsOf(id)));
  return { found, next };
}

export function labelNamesOf(
  head: Head,
  matcherSets: MatcherSets,
  range: TimeRange,
  cursor?: ListingCursor,
): ListingPart<string> {
  const names = new Set<string>();
  const { series } = head;
  const next = eachMatching(head, matcherSets, range, cursor, (id) => {
    for (const pair of series.pairsOf(id)) names.add(series.index.nameOf(pair));
  });
  return { found: [...names], next };
}

export function labelValuesOf(
  head: Head,
  name: string,
  matcherSets: MatcherSets,
  range: TimeRange,
  cursor?: ListingCursor,
): ListingPart<string> {
  const values = new Set<string>();
  const { series } = head;
  const next = eachMatching(head, matcherSets, range, cursor, (id) => {
    for (const pair of series.pairsOf(id)) {
      if (series.index.nameOf(pair) === name) values.add(series.index.valueOf(pair));
    }
  });
  return { found: [...values], next };
}

/** Calls `each` for every series of the part that one of the sets accepts and that may have a sample in the range. */
function eachMatching(
  head: Head,
  matcherSets: MatcherSets,
  range: TimeRange,
  cursor: ListingCursor | undefined,
  each: (id: number) => void,
): ListingCursor | undefined {
  const { series } = head;
  const { generation } = series;
  const from = cursor?.generation === generation ? cursor.from : 0;
  const filters = (matcherSets.length === 0 ? [[]] : matcherSets).map((set) =>
    new SetFilter(head, set, from)
  );
  const end = Math.min(...filters.map((filter) => filter.end));
  const seen = new Set<number>();
  for (const filter of filters) {
    for (const id of filter.candidates) {
      if (id >= end) break;
      if (!filter.accepts(id) || !mayHaveSample(head, id, range)) continue;
      if (filters.length > 1) {
        if (seen.has(id)) continue;
        seen.add(id);
      }
      each(id);
    }
  }
  return end === Infinity ? undefined : { generation, from: end };
}

function mayHaveSample(head: Head, id: number, range: TimeRange): boolean {
  const cohort = head.cohorts.get(head.series.cohortOf(id));
  if (cohort === undefined || cohort.maxMs < range.startMs || cohort.minMs > range.endMs) return false;
  const column = head.series.columnOf(id);
  const deletions = head.deletions.get(cohort.id);
  return cohort.lastMs[column]! >= range.startMs &&
    (deletions === undefined || !allHidden(deletions, cohort, column, range));
}

/** One matcher set at the part that begins with series `from`. */
class SetFilter {
  readonly candidates: Uint32Array;
  /** Where the candidates were cut off; Infinity where there are no more. */
  readonly end: number;
  readonly #head: Head;
  readonly #matchers: readonly Matcher[];
  /** Of each matcher: whether it accepts a pair, once that is known. */
  readonly #verdicts: readonly Map<number, boolean>[];
  readonly #acceptsMissing: readonly boolean[];

  constructor(head: Head, matchers: readonly Matcher[], from: number) {
    this.#head = head;
    this.#matchers = matchers;
    this.#verdicts = matchers.map(() => new Map());
    this.#acceptsMissing = matchers.map((matcher) => matchesValue(matcher, ""));
    const { series } = head;
    const ids = shortestList(series.index, matchers);
    if (ids === undefined) {
      const count = Math.max(0, Math.min(PART_SERIES_MAX, series.count - from));
      this.candidates = Uint32Array.from({ length: count }, (_, i) => from + i);
      this.end = from + count < series.count ? from + count : Infinity;
    } else {
      const first = lowerBound(ids, from);
      this.candidates = ids.subarray(first, first + PART_SERIES_MAX);
      const rest = ids[first + PART_SERIES_MAX];
      this.end = rest ?? Infinity;
    }
  }

  accepts(id: number): boolean {
    const pairs = this.#head.series.pairsOf(id);
    for (let m = 0; m < this.#matchers.length; m++) if (!this.#acceptedBy(m, pairs)) return false;
    return true;
  }

  #acceptedBy(m: number, pairs: Uint32Array): boolean {
    const matcher = this.#matchers[m]!;
    const { index } = this.#head.series;
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i]!;
      if (index.nameOf(pair) !== matcher.name) continue;
      let verdict = this.#verdicts[m]!.get(pair);
      if (verdict === undefined) {
        verdict = matchesValue(matcher, index.valueOf(pair));
        this.#verdicts[m]!.set(pair, verdict);
      }
      return verdict;
    }
    return this.#acceptsMissing[m]!;
  }
}

/** Of the matchers that name one value, the series of the rarest; undefined where none does. */
function shortestList(index: LabelIndex, matchers: readonly Matcher[]): Uint32Array | undefined {
  let shortest: Uint32Array | undefined;
  for (const matcher of matchers) {
    if (matcher.op !== "=" || matcher.value === "") continue;
    const pair = index.find(matcher.name, matcher.value);
    if (pair === undefined) return new Uint32Array(0);
    const ids = index.postingsOf(pair).ids();
    if (shortest === undefined || ids.length < shortest.length) shortest = ids;
  }
  return shortest;
}

function lowerBound(ids: Uint32Array, at: number): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (ids[mid]! < at) low = mid + 1;
    else high = mid;
  }
  return low;
}
