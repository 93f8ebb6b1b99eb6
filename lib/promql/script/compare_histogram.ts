/** When a number or a histogram of a result counts as the one that a script expects. */
import { almostEqualHistograms } from "../../model/histogram/compare.ts";
import { type FloatHistogram, withHint } from "../../model/histogram/float_histogram.ts";
import { almostEqual } from "../kernels/bucket_quantile.ts";

/** As the original: results may differ by this much, relatively. */
const EPSILON = 1e-6;

export function floatsEqual(a: number, b: number): boolean {
  return almostEqual(a, b, EPSILON);
}

/** The hint counts only where the script names it. */
export function sameHistogram(wanted: FloatHistogram, got: FloatHistogram, namesHint: boolean): boolean {
  return (!namesHint || wanted.counterResetHint === got.counterResetHint) &&
    almostEqualHistograms(withHint(wanted, "unknown"), got, floatsEqual);
}
