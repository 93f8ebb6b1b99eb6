/**
 * How two answers differ. Label sets and times exactly; numbers to a relative 1e-12, where only NaN equals NaN, an
 * infinity equals itself, and `-0` is not `0`; the order of series where the query promises one.
 */
import type { Answer, Answers, Series } from "./ask.ts";

export const RELATIVE_DIFFERENCE_MAX = 1e-12;

export type Comparison =
  /** To the last bit. */
  | { readonly kind: "same" }
  /** But for rounding. */
  | { readonly kind: "close" }
  | { readonly kind: "text"; readonly what: string }
  | { readonly kind: "different"; readonly what: string; readonly timeS?: number };

const SAME: Comparison = { kind: "same" };

export interface Order {
  /** Of the whole answer. */
  readonly isSorted: boolean;
}

export function compare({ expected, got }: Answers, { isSorted }: Order): Comparison {
  if (expected.kind === "failed" || got.kind === "failed") return compareFailures(expected, got);
  if (expected.resultType !== got.resultType) {
    return different(`${got.resultType}, expected ${expected.resultType}`);
  }
  const theirs = keyed(expected.series);
  const ours = keyed(got.series);
  if (theirs.size !== expected.series.length) return different("Prometheus answers one label set twice");
  if (ours.size !== got.series.length) return different("one label set twice");
  let isClose = false;
  for (const [key, series] of theirs) {
    const other = ours.get(key);
    if (other === undefined) return different(`${key} is missing`, series.points[0]?.[0]);
    const found = comparePoints(key, series, other);
    if (found.kind === "different") return found;
    if (found.kind === "close") isClose = true;
  }
  for (const [key, series] of ours) {
    if (!theirs.has(key)) return different(`${key} should not be there`, series.points[0]?.[0]);
  }
  if (isSorted) {
    const order = (series: readonly Series[]) => series.map(({ points }) => points[0]![1]);
    const [wanted, found] = [order(expected.series), order(got.series)];
    // Zeros of either sign tie.
    const ties = (a: string, b: string) => isEqual(a, b) || isNear(a, b) || numberOf(a) === numberOf(b);
    const at = wanted.findIndex((value, i) => !ties(value, found[i]!));
    if (at >= 0) return different(`order: place ${at} has ${found[at]}, expected ${wanted[at]}`);
  }
  return isClose ? { kind: "close" } : SAME;
}

function compareFailures(expected: Answer, got: Answer): Comparison {
  if (expected.kind === "answered") return different(`failed: ${got.kind === "failed" ? got.error : ""}`);
  if (got.kind === "answered") return different(`answered, expected to fail: ${expected.error}`);
  if (expected.status !== got.status || expected.errorType !== got.errorType) {
    return different(
      `${got.status} ${got.errorType} ${got.error}, expected ${expected.status} ${expected.errorType} ${expected.error}`,
    );
  }
  if (textOf(expected.error) === textOf(got.error)) return SAME;
  return { kind: "text", what: `${got.error}, expected ${expected.error}` };
}

/**
 * What of an error is compared. Version 3 says of a NaN that it is one, names the parameter in range queries too and a pattern as it
 * was written; which of several match groups is told, and in which order its series, is chance.
 */
function textOf(error: string): string {
  return error.replace(/^invalid parameter "query": /, "").replace(/`\^\(\?:(.*)\)\$`$/, "`$1`")
    .replace("Scalar value NaN overflows int64", "Parameter value is NaN")
    .replace(/ for the match group .* on the (left|right) hand-side of the operation: .*;/, " on the $1;");
}

export function keyOf(metric: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}}`;
}

function keyed(series: readonly Series[]): ReadonlyMap<string, Series> {
  return new Map(series.map((each) => [keyOf(each.metric), each]));
}

function comparePoints(key: string, expected: Series, got: Series): Comparison {
  let isClose = false;
  const count = Math.max(expected.points.length, got.points.length);
  for (let i = 0; i < count; i++) {
    const theirs = expected.points[i];
    const ours = got.points[i];
    if (theirs === undefined) return different(`${key} has a value`, ours![0]);
    if (ours === undefined) return different(`${key} has no value`, theirs[0]);
    if (theirs[0] !== ours[0]) {
      const timeS = Math.min(theirs[0], ours[0]);
      return different(`${key} has ${ours[0] < theirs[0] ? "a" : "no"} value`, timeS);
    }
    if (isEqual(theirs[1], ours[1])) continue;
    if (!isNear(theirs[1], ours[1])) {
      return different(`${key} is ${ours[1]}, expected ${theirs[1]}`, theirs[0]);
    }
    isClose = true;
  }
  return isClose ? { kind: "close" } : SAME;
}

export function numberOf(value: string): number {
  return value === "+Inf" ? Infinity : value === "-Inf" ? -Infinity : Number(value);
}

function isEqual(expected: string, got: string): boolean {
  return expected === got || Object.is(numberOf(expected), numberOf(got));
}

function isNear(expected: string, got: string): boolean {
  const a = numberOf(expected);
  const b = numberOf(got);
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return a !== 0 && Math.abs(a - b) <= RELATIVE_DIFFERENCE_MAX * Math.max(Math.abs(a), Math.abs(b));
}

function different(what: string, timeS?: number | undefined): Comparison {
  return { kind: "different", what, ...(timeS === undefined ? {} : { timeS }) };
}
