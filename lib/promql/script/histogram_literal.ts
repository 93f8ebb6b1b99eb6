/** Histograms as scripts write them: `{{schema:0 sum:5 count:4 buckets:[1 2 1] z_bucket:1}}`. */
import {
  bucketsFrom,
  type CounterResetHint,
  type FloatHistogram,
} from "../../model/histogram/float_histogram.ts";

export interface HistogramLiteral {
  readonly histogram: FloatHistogram;
  /** Whether the text says something of counter resets, which is then expected of a result, too. */
  readonly namesHint: boolean;
}

const FIELD = /\s*([a-z_]+):(\[[^\]]*\]|[^\s\]]+)/y;

export function parseHistogramLiteral(text: string): HistogramLiteral {
  const inner = text.slice(2, -2).trim();
  const fields = new Map<string, string>();
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < inner.length) {
    const at = FIELD.lastIndex;
    const match = FIELD.exec(inner);
    if (match === null) {
      throw new Error(`expected key:value in a histogram, got ${JSON.stringify(inner.slice(at))}`);
    }
    if (!KEYS.has(match[1]!)) throw new Error(`unknown histogram key ${JSON.stringify(match[1])}`);
    fields.set(match[1]!, match[2]!);
  }
  const hint = fields.get("counter_reset_hint");
  if (hint !== undefined && !isHint(hint)) {
    throw new Error(`expected a counter reset hint, got ${JSON.stringify(hint)}`);
  }
  const histogram: FloatHistogram = {
    schema: number(fields, "schema"),
    sum: number(fields, "sum"),
    count: number(fields, "count"),
    zeroCount: number(fields, "z_bucket"),
    zeroThreshold: number(fields, "z_bucket_w"),
    positive: bucketsFrom(number(fields, "offset"), list(fields, "buckets")),
    negative: bucketsFrom(number(fields, "n_offset"), list(fields, "n_buckets")),
    customValues: Float64Array.from(list(fields, "custom_values")),
    counterResetHint: hint ?? "unknown",
  };
  return { histogram, namesHint: hint !== undefined };
}

function isHint(text: string): text is CounterResetHint {
  return text === "unknown" || text === "reset" || text === "not_reset" || text === "gauge";
}

const KEYS: ReadonlySet<string> = new Set(
  "schema sum count z_bucket z_bucket_w offset buckets n_offset n_buckets custom_values counter_reset_hint"
    .split(" "),
);

function number(fields: ReadonlyMap<string, string>, key: string): number {
  const text = fields.get(key);
  return text === undefined ? 0 : numberOf(text, key);
}

function numberOf(text: string, key: string): number {
  const special = /^([+-]?)(inf|nan)$/i.exec(text);
  if (special !== null) {
    return special[2]!.toLowerCase() === "nan" ? NaN : special[1] === "-" ? -Infinity : Infinity;
  }
  const value = Number(text);
  if (text === "" || Number.isNaN(value)) {
    throw new Error(`expected a number for ${key}, got ${JSON.stringify(text)}`);
  }
  return value;
}

function list(fields: ReadonlyMap<string, string>, key: string): readonly number[] {
  const text = fields.get(key);
  if (text === undefined) return [];
  if (!text.startsWith("[")) throw new Error(`expected a list for ${key}, got ${JSON.stringify(text)}`);
  return text.slice(1, -1).split(/\s+/).filter((part) => part !== "").map((part) => numberOf(part, key));
}
