/**
 * Spans: how protocols write which buckets follow. Each is a run of buckets, told by its distance from the one before
 * (the first by its index). Reading checks what a stranger sent; writing gives the shortest form.
 */
import { type Buckets, NO_BUCKETS } from "./float_histogram.ts";
import { HistogramError } from "./validate.ts";

export interface Span {
  readonly offset: number;
  readonly length: number;
}

const INDEX_MIN = 1 - 2 ** 31;
const INDEX_MAX = 2 ** 31 - 1;

/** As Prometheus: checkHistogramSpans, with its wording. */
export function bucketsFromSpans(spans: readonly Span[], counts: ArrayLike<number>): Buckets {
  checkSpans(spans, counts.length);
  if (counts.length === 0) return NO_BUCKETS;
  const indexes = new Int32Array(counts.length);
  let index = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    if (index < INDEX_MIN || index + length - 1 > INDEX_MAX) {
      throw new HistogramError("span", `bucket index ${index + length - 1} is out of range`);
    }
    for (let i = 0; i < length; i++) indexes[at++] = index++;
  }
  return { indexes, counts: Float64Array.from(counts) };
}

function checkSpans(spans: readonly Span[], bucketsCount: number): void {
  let needed = 0;
  spans.forEach(({ offset, length }, i) => {
    if (i > 0 && offset < 0) {
      throw new HistogramError(
        "span",
        `span number ${i + 1} with offset ${offset}: histogram has a span whose offset is negative`,
      );
    }
    needed += length;
  });
  if (needed === bucketsCount) return;
  throw new HistogramError(
    "span",
    `spans need ${needed} buckets, have ${bucketsCount} buckets: ` +
      "histogram spans specify different number of buckets than provided",
  );
}

/** Says on which side of a histogram something is wrong. */
export function onSide<T>(side: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HistogramError)) throw error;
    throw new HistogramError(error.fault, `${side} side: ${error.message}`);
  }
}

export function spansOf({ indexes }: Buckets): readonly Span[] {
  const spans: Span[] = [];
  let next = 0;
  for (let i = 0; i < indexes.length;) {
    const from = i;
    const offset = indexes[i]! - next;
    while (i < indexes.length && indexes[i]! - indexes[from]! === i - from) i++;
    spans.push({ offset, length: i - from });
    next = indexes[i - 1]! + 1;
  }
  return spans;
}
