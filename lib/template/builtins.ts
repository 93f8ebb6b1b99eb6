/** The functions that every Go template has; `and` and `or` are the execution's own, since they stop early. */
import { equalsAny, isLess } from "./compare.ts";
import { escapeHtml, escapeJs, escapeUrlQuery } from "./escape.ts";
import { formatPlain, printAll, printValue } from "./print_value.ts";
import { sprintf } from "./printf.ts";
import { CallError } from "./template_error.ts";
import {
  GoFunction,
  type GoFunctionOptions,
  GoMap,
  type GoSlice,
  type GoValue,
  isSlice,
  isTrue,
  typeNameOf,
} from "./values.ts";

export type FunctionTable = ReadonlyMap<string, GoFunction>;

export function functionTable(functions: Readonly<Record<string, GoFunctionOptions>>): FunctionTable {
  return new Map(Object.entries(functions).map(([name, options]) => [name, new GoFunction(options)]));
}

/** Named so that the parser knows them; carried out by the execution. */
const SHORT_CIRCUIT: GoFunctionOptions = { params: ["any"], rest: "any", call: ([first]) => first };

export const BUILTINS: FunctionTable = functionTable({
  and: SHORT_CIRCUIT,
  or: SHORT_CIRCUIT,
  not: { params: ["any"], call: ([value]) => !isTrue(value) },
  call: { params: ["any"], rest: "any", call: ([called, ...args]) => callValue(called, args) },
  eq: { params: ["any"], rest: "any", call: equalsAny },
  ne: { params: ["any", "any"], call: (args) => !equalsAny(args) },
  lt: { params: ["any", "any"], call: ([a, b]) => isLess(a, b) },
  le: { params: ["any", "any"], call: ([a, b]) => isLess(a, b) || equalsAny([a, b]) },
  gt: { params: ["any", "any"], call: ([a, b]) => !isLess(a, b) && !equalsAny([a, b]) },
  ge: { params: ["any", "any"], call: ([a, b]) => !isLess(a, b) },
  index: { params: ["any"], rest: "any", call: ([value, ...keys]) => keys.reduce(indexed, value) },
  len: { params: ["any"], call: ([value]) => lengthOf(value) },
  slice: { params: ["any"], rest: "any", call: ([value, ...bounds]) => sliced(value, bounds) },
  print: { params: [], rest: "any", call: printAll },
  println: { params: [], rest: "any", call: (args) => `${args.map((arg) => formatPlain(arg)).join(" ")}\n` },
  printf: { params: ["string"], rest: "any", call: ([format, ...args]) => sprintf(String(format), args) },
  html: { params: [], rest: "any", call: (args) => escapeHtml(textOf(args)) },
  js: { params: [], rest: "any", call: (args) => escapeJs(textOf(args)) },
  urlquery: { params: [], rest: "any", call: (args) => escapeUrlQuery(textOf(args)) },
});

function textOf(args: readonly GoValue[]): string {
  return printAll(args.map((arg) => arg === undefined ? printValue(arg) : arg));
}

function callValue(called: GoValue, args: readonly GoValue[]): GoValue | Promise<GoValue> {
  if (called === undefined) throw new CallError("call of nil");
  if (!(called instanceof GoFunction)) {
    throw new CallError(`non-function of type ${typeNameOf(called)}`);
  }
  const { params, rest } = called;
  if (rest === undefined ? args.length !== params.length : args.length < params.length) {
    throw new CallError(
      `wrong number of args: got ${args.length} want ${
        rest === undefined ? "" : "at least "
      }${params.length}`,
    );
  }
  return called.call(args);
}

function lengthOf(value: GoValue): bigint {
  if (typeof value === "string") return BigInt(new TextEncoder().encode(value).length);
  if (isSlice(value)) return BigInt(value.length);
  if (value instanceof GoMap) return BigInt(value.entries.size);
  throw new CallError(value === undefined ? "len of nil pointer" : `len of type ${typeNameOf(value)}`);
}

function indexed(value: GoValue, key: GoValue): GoValue {
  if (value === undefined) throw new CallError("index of untyped nil");
  if (value instanceof GoMap) {
    if (typeof key !== "string") {
      throw new CallError(`value has type ${typeNameOf(key)}; should be string`);
    }
    return value.entries.has(key) ? value.entries.get(key) : value.zero;
  }
  if (isSlice(value)) return value[position(key, value.length, value.length - 1)];
  if (typeof value !== "string") throw new CallError(`can't index item of type ${typeNameOf(value)}`);
  const bytes = new TextEncoder().encode(value);
  return BigInt(bytes[position(key, bytes.length, bytes.length - 1)]!);
}

function position(key: GoValue, size: number, last: number): number {
  if (key === undefined) throw new CallError("cannot index slice/array with nil");
  if (typeof key !== "bigint") throw new CallError(`cannot index slice/array with type ${typeNameOf(key)}`);
  if (key < 0n || key > BigInt(last)) throw new CallError(`index out of range: ${key}`);
  return Math.min(Number(key), size);
}

function sliced(value: GoValue, bounds: readonly GoValue[]): GoValue {
  if (value === undefined) throw new CallError("slice of untyped nil");
  if (bounds.length > 3) throw new CallError(`too many slice indexes: ${bounds.length}`);
  const whole: Uint8Array | GoSlice = typeof value === "string"
    ? new TextEncoder().encode(value)
    : isSlice(value)
    ? value
    : fail(`can't slice item of type ${typeNameOf(value)}`);
  if (bounds.length === 3 && typeof value === "string") fail("cannot 3-index slice a string");
  const [from = 0, to = whole.length, cap = whole.length] = bounds.map((bound) =>
    position(bound, whole.length, whole.length)
  );
  if (from > to) fail(`invalid slice index: ${from} > ${to}`);
  if (to > cap) fail(`invalid slice index: ${to} > ${cap}`);
  return whole instanceof Uint8Array
    ? new TextDecoder().decode(whole.slice(from, to))
    : whole.slice(from, to);
}

function fail(message: string): never {
  throw new CallError(message);
}
