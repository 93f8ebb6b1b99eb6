/**
 * `anchored` and `smoothed` over samples that may be histograms: no extrapolation, but values at the very edges of
 * the window. A reset is looked for between neighbouring samples as they are; across a reset, a value between two
 * samples counts up from zero.
 */
import { addHistograms, multiplyHistogram, subtractHistograms } from "../../model/histogram/arithmetic.ts";
import { compact, usesCustomBuckets, withHint } from "../../model/histogram/float_histogram.ts";
import type { CellValue } from "./mixed_binary.ts";
import { differ, isReset } from "./mixed_over_time.ts";
import {
  informReconciled,
  kindOf,
  type MixedNotes,
  type MixedSamples,
  type MixedWindow,
  warnBuckets,
  warnMixed,
  warnNotCounter,
  warnNotGauge,
} from "./mixed_window.ts";
import { IS_COUNTER, IS_RATE } from "./rate.ts";

/** From the last sample at or before the start to the last one, or, smoothed, to the first at or after the end. */
function narrowed(window: MixedWindow, smoothed: boolean): MixedWindow | undefined {
  const { samples: { tMs }, endMs, rangeMs } = window;
  const startMs = endMs - rangeMs;
  let last = window.to - 1;
  if (last < window.from) return undefined;
  let from = window.from;
  while (from < last && tMs[from]! <= startMs) from++;
  from = Math.max(window.from, from - 1);
  if (smoothed) {
    let at = window.from;
    while (at < last && tMs[at]! < endMs) at++;
    last = at;
  }
  if (tMs[last]! <= startMs || (smoothed && tMs[from]! > endMs)) return undefined;
  return { ...window, from, to: last + 1 };
}

export function mixedExtendedRate(
  window: MixedWindow,
  smoothed: boolean,
  flags: number,
): CellValue | undefined {
  const isCounter = (flags & IS_COUNTER) !== 0;
  const own = narrowed(window, smoothed);
  if (own === undefined || !isUsable(own, isCounter)) return undefined;
  const { samples, from, to, endMs, rangeMs, notes } = own;
  const { tMs, values } = samples;
  const last = to - 1;
  const startMs = endMs - rangeMs;
  const leftBetween = smoothed && last > from && tMs[from]! < startMs;
  const rightBetween = smoothed && last > from && tMs[last]! > endMs;
  const oneGap = last === from + 1 && leftBetween && rightBetween;
  const left = leftBetween ? between(samples, from, startMs, isCounter, "restart", notes) : values[from]!;
  const right = rightBetween
    ? between(samples, last - 1, endMs, isCounter, oneGap ? "restart" : "go on", notes)
    : values[last]!;
  let result = left === undefined || right === undefined ? undefined : minus(right, left, notes);
  for (let i = from + 1; isCounter && i <= last && result !== undefined; i++) {
    if ((i === from + 1 && leftBetween) || (i === last && rightBetween)) continue;
    if (isReset(values[i - 1]!, values[i]!)) result = plus(result, values[i - 1]!, notes);
  }
  if (result === undefined) return undefined;
  const seconds = (flags & IS_RATE) !== 0 ? rangeMs / 1000 : 1;
  return typeof result === "number"
    ? result / seconds
    : withHint(compact(multiplyHistogram(result, 1 / seconds)), "gauge");
}

function isUsable(window: MixedWindow, isCounter: boolean): boolean {
  const { samples, from, to, notes } = window;
  const kind = kindOf(window);
  if (kind === "mixed") warnMixed(notes);
  if (kind !== "histograms") return kind === "floats";
  let gauges = 0;
  let customs = 0;
  for (let i = from; i < to; i++) {
    const value = samples.values[i]!;
    if (isGauge(value)) gauges++;
    if (typeof value !== "number" && usesCustomBuckets(value)) customs++;
  }
  if (isCounter && gauges > 0) warnNotCounter(notes);
  if (!isCounter && !(isGauge(samples.values[from]!) && isGauge(samples.values[to - 1]!))) {
    warnNotGauge(notes);
  }
  if (!isCounter || customs === 0 || customs === to - from) return true;
  warnBuckets(notes);
  return false;
}

function isGauge(value: CellValue): boolean {
  return typeof value !== "number" && value.counterResetHint === "gauge";
}

/**
 * The value between sample i and the next. Across a reset it counts up from zero ("restart"), or from the sample
 * before so that it stays comparable with it ("go on").
 */
function between(
  { tMs, values }: MixedSamples,
  i: number,
  atMs: number,
  isCounter: boolean,
  acrossReset: "restart" | "go on",
  notes: MixedNotes,
): CellValue | undefined {
  const before = values[i]!;
  const after = values[i + 1]!;
  const fraction = (atMs - tMs[i]!) / (tMs[i + 1]! - tMs[i]!);
  if (isCounter && isReset(before, after)) {
    const risen = times(after, fraction);
    return acrossReset === "restart" ? risen : plus(before, risen, notes);
  }
  const rise = minus(after, before, notes);
  return rise === undefined ? undefined : plus(before, times(rise, fraction), notes);
}

function times(value: CellValue, factor: number): CellValue {
  return typeof value === "number" ? value * factor : multiplyHistogram(value, factor);
}

function plus(a: CellValue, b: CellValue, notes: MixedNotes): CellValue | undefined {
  return combined(a, b, 1, notes);
}

function minus(a: CellValue, b: CellValue, notes: MixedNotes): CellValue | undefined {
  return combined(a, b, -1, notes);
}

/** Resets are dealt with one by one, so that contradicting hints are of no matter here. */
function combined(a: CellValue, b: CellValue, sign: 1 | -1, notes: MixedNotes): CellValue | undefined {
  if (typeof a === "number" || typeof b === "number") {
    return typeof a === "number" && typeof b === "number" ? a + sign * b : undefined;
  }
  const result = sign === 1 ? addHistograms(a, b) : subtractHistograms(a, b);
  if (result === undefined) warnBuckets(notes);
  else if (result.boundsReconciled) informReconciled(notes, sign === 1 ? "addition" : "subtraction");
  return result?.histogram;
}

/** changes (`wantsResets` false) or resets of an anchored range, its edge values taken as samples. */
export function mixedAnchoredTransitions(window: MixedWindow, wantsResets: boolean): number | undefined {
  const own = narrowed(window, false);
  if (own === undefined) return undefined;
  const { values } = own.samples;
  let found = 0;
  for (let i = own.from + 1; i < own.to; i++) {
    if ((wantsResets ? isReset : differ)(values[i - 1]!, values[i]!)) found++;
  }
  return found;
}

/**
 * A smoothed instant selector: the value between the samples around the window's end, or the one before it where
 * none follows. Resets are looked for in histograms that are no gauges; of floats nobody knows whether they count.
 */
export function mixedSmoothed(window: MixedWindow): CellValue | undefined {
  const { samples, endMs, notes } = window;
  const kind = kindOf(window);
  if (kind === "mixed") warnMixed(notes);
  if (kind === undefined || kind === "mixed") return undefined;
  let next = window.from;
  while (next < window.to && samples.tMs[next]! <= endMs) next++;
  if (next === window.from) return undefined;
  const before = samples.values[next - 1]!;
  if (next === window.to || samples.tMs[next - 1] === endMs) return before;
  const isCounter = typeof before !== "number" && !isGauge(before);
  const after = samples.values[next]!;
  if (
    typeof before !== "number" && typeof after !== "number" &&
    usesCustomBuckets(before) !== usesCustomBuckets(after)
  ) {
    warnBuckets(notes);
    return undefined;
  }
  const value = between(samples, next - 1, endMs, isCounter, "restart", notes);
  return value === undefined || typeof value === "number" ? value : compact(value);
}
