/**
 * The remark that counts of classic histograms fell from bucket to bucket and had to be raised: one for all samples of
 * a metric, saying between which buckets, by how much, how often and when. As Prometheus words it.
 */
import { civilOf } from "../core/calendar.ts";
import { formatFloatG } from "../model/float.ts";
import { quoteGo } from "../model/labels.ts";

/** What was raised in one sample, or in several of them. */
export interface MonotonicityFix {
  readonly minBound: number;
  readonly maxBound: number;
  readonly maxDifference: number;
}

const TEXT = "input to histogram_quantile needed to be fixed for monotonicity (see " +
  "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";

export class MonotonicityRemark {
  readonly #metric: string;
  #count = 0;
  #minBound = Infinity;
  #maxBound = -Infinity;
  #maxDifference = 0;
  #firstMs = Infinity;
  #lastMs = -Infinity;

  constructor(metric: string) {
    this.#metric = metric;
  }

  add(tMs: number, fix: MonotonicityFix): void {
    this.#count++;
    this.#minBound = Math.min(this.#minBound, fix.minBound);
    this.#maxBound = Math.max(this.#maxBound, fix.maxBound);
    this.#maxDifference = Math.max(this.#maxDifference, fix.maxDifference);
    this.#firstMs = Math.min(this.#firstMs, tMs);
    this.#lastMs = Math.max(this.#lastMs, tMs);
  }

  /** Without the position. */
  get text(): string {
    const metric = this.#metric === "" ? "" : ` for metric name ${quoteGo(this.#metric)}`;
    return `${TEXT}${metric}, from buckets ${formatFloatG(this.#minBound)} to ${
      formatFloatG(this.#maxBound)
    }, ` +
      `with a max diff of ${twoDigits(this.#maxDifference)}, over ${this.#count} samples ` +
      `from ${timeText(this.#firstMs)} to ${timeText(this.#lastMs)}`;
  }
}

/** As Go's %.2g. */
export function twoDigits(value: number): string {
  if (!Number.isFinite(value)) return formatFloatG(value);
  if (value === 0) return "0";
  const [mantissa, exponentText] = value.toExponential(1).split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 2) return String(Number(value.toPrecision(2)));
  const digits = String(Math.abs(exponent)).padStart(2, "0");
  return `${mantissa!.replace(/\.0$/, "")}e${exponent < 0 ? "-" : "+"}${digits}`;
}

const DAY_S = 86_400;

/** RFC 3339, whole seconds, UTC. */
function timeText(tMs: number): string {
  const seconds = Math.trunc(tMs / 1000);
  const days = Math.floor(seconds / DAY_S);
  const { year, month, day } = civilOf(days);
  const rest = seconds - days * DAY_S;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T` +
    `${two(rest / 3600)}:${two(rest / 60 % 60)}:${two(rest % 60)}Z`;
}
