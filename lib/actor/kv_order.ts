/**
 * Deno KV's order of keys: part by part, bytes before strings before numbers, bytes and strings by their bytes in
 * UTF-8, numbers by value; a key before those that it begins. Also the size of an encoded key, for limits.
 */
import type { KvKey, KvKeyPart } from "../core/ports.ts";

export function compareKeys(a: KvKey, b: KvKey): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = compareParts(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

export function hasPrefix(key: KvKey, prefix: KvKey): boolean {
  return key.length > prefix.length && compareKeys(key.slice(0, prefix.length), prefix) === 0;
}

/** An upper bound: a type byte, the bytes with room for escapes, an end byte. */
export function keyBytes(key: KvKey): number {
  let bytes = 0;
  for (const part of key) {
    if (typeof part === "number") bytes += 9;
    else if (typeof part === "string") bytes += 2 + new TextEncoder().encode(part).length;
    else bytes += 2 + part.length + part.reduce((zeros, byte) => zeros + (byte === 0 ? 1 : 0), 0);
  }
  return bytes;
}

function compareParts(a: KvKeyPart, b: KvKeyPart): number {
  const kinds = kindOf(a) - kindOf(b);
  if (kinds !== 0) return kinds;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareStrings(a, b);
  return compareBytes(a as Uint8Array, b as Uint8Array);
}

function kindOf(part: KvKeyPart): number {
  if (typeof part === "number") return 2;
  return typeof part === "string" ? 1 : 0;
}

/** By code point, which is the order of UTF-8 bytes; UTF-16 units order surrogates before U+E000 to U+FFFF. */
function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  return compareBytes(new TextEncoder().encode(a), new TextEncoder().encode(b));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
