/** eq, ne, lt, le, gt and ge: only values of one kind compare, so that a float is never equal to an integer. */
import { compareUtf8 } from "../model/labels.ts";
import { printValue } from "./print_value.ts";
import { CallError } from "./template_error.ts";
import { GoFunction, GoMap, GoStruct, type GoValue, isSlice, typeNameOf } from "./values.ts";

/** True when the first equals any of the others. */
export function equalsAny([first, ...others]: readonly GoValue[]): boolean {
  if (others.length === 0) throw new CallError("missing argument for comparison");
  requireComparable(first);
  let found = false;
  for (const other of others) {
    found = equals(first, other);
    if (found) break;
  }
  return found;
}

export function isLess(a: GoValue, b: GoValue): boolean {
  if (!isBasic(a) || !isBasic(b)) throw new CallError("invalid type for comparison");
  if (typeof a !== typeof b) throw incompatible(a, b);
  if (typeof a === "boolean") throw new CallError("invalid type for comparison");
  return typeof a === "string" ? compareUtf8(a, String(b)) < 0 : a! < b!;
}

function equals(a: GoValue, b: GoValue): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (isBasic(a) !== isBasic(b) || typeof a !== typeof b) throw incompatible(a, b);
  if (isBasic(a)) return a === b;
  requireComparable(b);
  if (typeNameOf(a) !== typeNameOf(b)) throw incompatible(a, b);
  return printValue(a) === printValue(b);
}

function incompatible(a: GoValue, b: GoValue): CallError {
  return new CallError(`incompatible types for comparison: ${typeNameOf(a)} and ${typeNameOf(b)}`);
}

function isBasic(value: GoValue): boolean {
  return value !== undefined && typeof value !== "object";
}

function requireComparable(value: GoValue): void {
  if (isSlice(value) || value instanceof GoMap || value instanceof GoFunction) {
    throw new CallError(`non-comparable type ${printValue(value)}: ${typeNameOf(value)}`);
  }
  // A struct compares by its fields; ours print all of them.
  if (value instanceof GoStruct) { for (const field of value.fields.values()) requireComparable(field); }
}
