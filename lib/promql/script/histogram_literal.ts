/** Histograms as scripts write them: `{{schema:0 sum:5 count:4 buckets:[1 2 1] z_bucket:1}}`. */
import type { HistogramDescription } from "../../model/histogram/description.ts";

const FIELD = /\s*([a-z_]+):(\[[^\]]*\]|[^\s\]]+)/y;

export function parseHistogramLiteral(text: string): HistogramDescription {
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
  return {
    schema: number(fields, "schema"),
    sum: number(fields, "sum"),
    count: number(fields, "count"),
    zeroBucket: number(fields, "z_bucket"),
    zeroWidth: number(fields, "z_bucket_w"),
    offset: number(fields, "offset"),
    buckets: list(fields, "buckets"),
    negativeOffset: number(fields, "n_offset"),
    negativeBuckets: list(fields, "n_buckets"),
    customValues: list(fields, "custom_values"),
    counterResetHint: fields.get("counter_reset_hint") ?? "",
  };
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
