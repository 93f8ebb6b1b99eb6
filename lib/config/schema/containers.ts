/** Lists and maps of the configuration, and values of any shape. */
import type { YamlScalar } from "../yaml.ts";
import { boolOf, numberOf } from "../yaml_scalars.ts";
import type { Written } from "../yaml_write.ts";
import { isNull, type Schema } from "./schema.ts";

/** Values of any shape nest no deeper. */
const ANY_DEPTH_MAX = 64;

export interface ListOptions {
  /** An item that is null is a mistake, in these words; without them it is the item's zero value. */
  readonly nullMessage?: string;
}

export function list<T>(item: Schema<T>, options: ListOptions = {}): Schema<readonly T[]> {
  const expected = `a list (${item.expected} each)`;
  const zero: readonly T[] = [];
  return {
    expected,
    zero,
    isZero: (value) => value.length === 0,
    write: (value) => value.map((part) => item.write(part)),
    read(node, reader) {
      // As Prometheus's reader: one value stands for a list of one is not allowed.
      if (node.kind !== "list") {
        reader.expected(node, expected, "[]" + goNameOf(item));
        return zero;
      }
      return node.items.map((part, index) => {
        if (!isNull(part)) return reader.part(`[${index}]`, item, part);
        if (options.nullMessage !== undefined) reader.report(part.place, options.nullMessage);
        return item.zero;
      });
    },
  };
}

function goNameOf(item: Schema<unknown>): string {
  return item.zero === "" ? "string" : "struct";
}

export type Pairs<T> = readonly (readonly [name: string, value: T])[];

/** A map from any name, sorted by name as Go writes maps. A name may not stand twice. */
export function mapOf<T>(item: Schema<T>): Schema<Pairs<T>> {
  const zero: Pairs<T> = [];
  const expected = `a map (${item.expected} each)`;
  return {
    expected,
    zero,
    isZero: (value) => value.length === 0,
    write: (value) => new Map(value.map(([name, part]) => [name, item.write(part)])),
    read(node, reader) {
      if (node.kind !== "map") {
        reader.expected(node, expected, "map[string]" + goNameOf(item));
        return zero;
      }
      const pairs = new Map<string, T>();
      for (const { key, value } of node.entries) {
        if (pairs.has(key.text)) reader.report(key.place, `key "${key.text}" already set in map`);
        pairs.set(key.text, isNull(value) ? item.zero : reader.part(key.text, item, value));
      }
      return [...pairs].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
    },
  };
}

/** A value of any shape, kept as it will be written. */
export const any: Schema<Written> = anyAt(0);

/** Parts are read through the reader, which counts them: aliases can make a small file a large value. */
function anyAt(depth: number): Schema<Written> {
  return {
    expected: "a value",
    zero: null,
    isZero: (value) => value === null,
    write: (value) => value,
    read(node, reader) {
      if (depth > ANY_DEPTH_MAX) {
        reader.report(node.place, `expected values nested at most ${ANY_DEPTH_MAX} deep`);
        return null;
      }
      if (node.kind === "scalar") return scalarOf(node);
      const inner = anyAt(depth + 1);
      if (node.kind === "list") {
        return node.items.map((item, index) => reader.part(`[${index}]`, inner, item));
      }
      return new Map(node.entries.map(({ key, value }) => [key.text, reader.part(key.text, inner, value)]));
    },
  };
}

function scalarOf(node: YamlScalar): Written {
  if (node.type === "null") return null;
  if (node.type === "bool") return boolOf(node.text);
  return node.type === "int" || node.type === "float" ? numberOf(node.text) : node.text;
}
