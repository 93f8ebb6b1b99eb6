/** A codec for small events and states that are plain JSON: transitions, not samples. */
import type { Codec } from "./types.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * `upgrade` turns a value that an older version wrote into one of today; without it, only `version` is read.
 * Throws for bytes that are no JSON and for a version that is not known.
 */
export function jsonCodec<T>(version: number, upgrade?: (value: unknown, version: number) => T): Codec<T> {
  return {
    version,
    encode: (value) => encoder.encode(JSON.stringify(value)),
    decode(bytes, written) {
      const value: unknown = JSON.parse(decoder.decode(bytes));
      if (written === version) return value as T;
      if (upgrade === undefined) throw new Error(`cannot read version ${written}, expected ${version}`);
      return upgrade(value, written);
    },
  };
}
