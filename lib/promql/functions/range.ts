/** Functions over range vectors: a table from name to kernel. */
import { UserError } from "../../core/errors.ts";
import type { Labels } from "../../model/labels.ts";
import { labelValue, METRIC_NAME, quoteGo } from "../../model/labels.ts";
import type { Expr } from "../ast.ts";
import type { QueryContext } from "../context.ts";
import { anchoredTransitions, extendedRate } from "../kernels/extended.ts";
import * as overTime from "../kernels/over_time.ts";
import {
  changes,
  extrapolatedRate,
  findResets,
  instantRate,
  IS_COUNTER,
  IS_RATE,
  resetsCount,
} from "../kernels/rate.ts";
import { mixedAnchoredTransitions, mixedExtendedRate } from "../kernels/mixed_extended.ts";
import {
  mixedChanges,
  mixedFirst,
  mixedLast,
  mixedMean,
  mixedResets,
  mixedSum,
} from "../kernels/mixed_over_time.ts";
import { mixedInstantRate, mixedRate } from "../kernels/mixed_rate.ts";
import { deriv, doubleExponentialSmoothing, predictLinear } from "../kernels/regression.ts";
import * as sliding from "../kernels/sliding.ts";
import type { SampleWindows } from "../kernels/windows.ts";
import type { MixedRule } from "../operators/mixed_ranges.ts";
import type { RangeFunction, RowJob } from "../operators/ranges.ts";

type PlainKernel = (w: SampleWindows, from: number, to: number, out: Float64Array, outAt: number) => number;

function plain(
  kernel: PlainKernel,
  costs: RangeFunction["costs"],
  mixed: MixedRule,
  keepsName = false,
): RangeFunction {
  return {
    run: (job, from, to) => kernel(job.windows, from, to, job.out, job.outAt),
    costs,
    keepsName,
    mixed,
  };
}

function rate(flags: number, remark?: RangeFunction["remark"]): RangeFunction {
  return {
    run: (job, from, to) => {
      const resets = (flags & IS_COUNTER) !== 0 && !job.rising
        ? findResets(job.windows.values, job.samplesCount, job.scratch)
        : 0;
      return extrapolatedRate(job.windows, job.scratch, resets, flags, from, to, job.out, job.outAt);
    },
    costs: "samples",
    keepsName: false,
    mixed: (window) => mixedRate(window, flags),
    usesStartTimes: (flags & IS_COUNTER) !== 0,
    ...(remark === undefined ? {} : { remark }),
  };
}

function extended(flags: number, smoothed: boolean, remark?: RangeFunction["remark"]): RangeFunction {
  return {
    run: (job, from, to) => extendedRate(job.windows, smoothed, flags, from, to, job.out, job.outAt),
    costs: "windows",
    keepsName: false,
    mixed: (window) => mixedExtendedRate(window, smoothed, flags),
    ...(remark === undefined ? {} : { remark }),
  };
}

function anchored(wantsResets: boolean): RangeFunction {
  return {
    run: (job, from, to) => anchoredTransitions(job.windows, wantsResets, from, to, job.out, job.outAt),
    costs: "windows",
    keepsName: false,
    mixed: (window) => mixedAnchoredTransitions(window, wantsResets),
  };
}

function instant(flags: number): RangeFunction {
  return {
    run: (job, from, to) => instantRate(job.windows, flags, from, to, job.out, job.outAt),
    costs: "samples",
    keepsName: false,
    mixed: (window) => mixedInstantRate(window, flags),
    usesStartTimes: (flags & IS_RATE) !== 0,
  };
}

type ParamKernel = (
  w: SampleWindows,
  params: Float64Array,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
) => number;

function withParam(kernel: ParamKernel): RangeFunction {
  return {
    run: (job, from, to) => kernel(job.windows, job.params[0]!, from, to, job.out, job.outAt),
    costs: "windows",
    keepsName: false,
    mixed: "floats",
  };
}

const SMOOTHING: RangeFunction = {
  run: (job: RowJob, from, to) => {
    checkFactors(job, from, to);
    return doubleExponentialSmoothing(
      job.windows,
      job.params[0]!,
      job.params[1]!,
      from,
      to,
      job.out,
      job.outAt,
    );
  },
  costs: "windows",
  keepsName: false,
  mixed: "floats",
};

const FACTORS = [["smoothing", "sf"], ["trend", "tf"]] as const;

/** As Prometheus: a factor is looked at only where a window has samples. */
function checkFactors({ windows, params }: RowJob, from: number, to: number): void {
  for (let s = from; s < to; s++) {
    if (windows.hi[s] === windows.lo[s]) continue;
    for (const [i, [what, short]] of FACTORS.entries()) {
      const factor = params[i]![s]!;
      if (factor > 0 && factor < 1) continue;
      throw new UserError(
        "execution",
        `invalid ${what} factor. Expected: 0 < ${short} < 1, got: ${factor.toFixed(6)}`,
      );
    }
  }
}

const COUNTER_SUFFIXES = ["_total", "_sum", "_count", "_bucket"];

function remarkGauge(context: QueryContext, labels: Labels, arg: Expr): void {
  const name = labelValue(labels, METRIC_NAME);
  if (context.typeAndUnitLabels) {
    const type = labelValue(labels, "__type__");
    if (name === "" || type === "counter" || type === "histogram") return;
    context.annotations.inform(
      `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ` +
        `${quoteGo(type)}: ${quoteGo(name)}`,
      arg.pos,
    );
    return;
  }
  if (name === "" || COUNTER_SUFFIXES.some((suffix) => name.endsWith(suffix))) return;
  context.annotations.inform(
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoteGo(name)}`,
    arg.pos,
  );
}

export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ["rate", rate(IS_COUNTER | IS_RATE, remarkGauge)],
  ["increase", rate(IS_COUNTER, remarkGauge)],
  ["delta", rate(0)],
  ["irate", instant(IS_RATE)],
  ["idelta", instant(0)],
  ["changes", plain(changes, "windows", mixedChanges)],
  ["resets", { ...plain(resetsCount, "windows", mixedResets), usesStartTimes: true }],
  ["deriv", plain(deriv, "windows", "floats")],
  ["predict_linear", withParam(predictLinear)],
  ["quantile_over_time", withParam(overTime.quantileOverTime)],
  ["double_exponential_smoothing", SMOOTHING],
  ["avg_over_time", plain(sliding.avgOverTime, "windows", mixedMean)],
  ["sum_over_time", plain(sliding.sumOverTime, "windows", mixedSum)],
  ["min_over_time", plain(sliding.minOverTime, "samples", "floats")],
  ["max_over_time", plain(sliding.maxOverTime, "samples", "floats")],
  ["count_over_time", plain(overTime.countOverTime, "samples", "all")],
  ["present_over_time", plain(overTime.presentOverTime, "samples", "all")],
  ["stddev_over_time", plain(sliding.stddevOverTime, "windows", "floats")],
  ["stdvar_over_time", plain(sliding.stdvarOverTime, "windows", "floats")],
  ["mad_over_time", plain(overTime.madOverTime, "windows", "floats")],
  ["first_over_time", plain(overTime.firstOverTime, "samples", mixedFirst, true)],
  ["last_over_time", plain(overTime.lastOverTime, "samples", mixedLast, true)],
  ["ts_of_first_over_time", plain(overTime.timeOfFirstOverTime, "samples", "all")],
  ["ts_of_last_over_time", plain(overTime.timeOfLastOverTime, "samples", "all")],
  ["ts_of_min_over_time", plain(overTime.timeOfMinOverTime, "windows", "floats")],
  ["ts_of_max_over_time", plain(overTime.timeOfMaxOverTime, "windows", "floats")],
]);

export const ANCHORED_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ["rate", extended(IS_COUNTER | IS_RATE, false, remarkGauge)],
  ["increase", extended(IS_COUNTER, false, remarkGauge)],
  ["delta", extended(0, false)],
  ["changes", anchored(false)],
  ["resets", anchored(true)],
]);

export const SMOOTHED_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ["rate", extended(IS_COUNTER | IS_RATE, true, remarkGauge)],
  ["increase", extended(IS_COUNTER, true, remarkGauge)],
  ["delta", extended(0, true)],
]);
