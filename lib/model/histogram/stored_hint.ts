/**
 * The counter-reset hint that a histogram carries once it has been stored and is read again. As Prometheus: a chunk
 * goes on for as long as nothing is reset and the layout stays, and only within a chunk the hint is sure.
 */
import { type FloatHistogram, sameNumbers, usesCustomBuckets, withHint } from "./float_histogram.ts";
import { detectReset } from "./reset.ts";

/** `previous` is the sample before as it was stored; undefined for none, a float or the end of the series. */
export function asStored(histogram: FloatHistogram, previous: FloatHistogram | undefined): FloatHistogram {
  if (histogram.counterResetHint === "gauge") return histogram;
  return withHint(
    histogram,
    previous !== undefined && continues(histogram, previous) ? "not_reset" : "unknown",
  );
}

function continues(histogram: FloatHistogram, previous: FloatHistogram): boolean {
  return previous.counterResetHint !== "gauge" && histogram.counterResetHint !== "reset" &&
    histogram.fromIntegers === previous.fromIntegers && histogram.schema === previous.schema &&
    histogram.zeroThreshold === previous.zeroThreshold &&
    (!usesCustomBuckets(histogram) || sameNumbers(histogram.customValues, previous.customValues)) &&
    !detectReset(withHint(histogram, "unknown"), previous);
}
