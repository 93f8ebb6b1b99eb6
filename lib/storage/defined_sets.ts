/**
 * The distinct label sets among those that a batch defines, numbered as they come. Found by a hash of their
 * characters in one small table, so that a set costs no string and no map entry.
 */
import type { Labels } from "../model/labels.ts";

export class DefinedSets {
  readonly sets: Labels[] = [];
  /** Number + 1; 0 is free. A power of two, at most half full. */
  readonly #slots: Uint32Array;
  readonly #hashes: Uint32Array;

  constructor(countMax: number) {
    let size = 16;
    while (size < 2 * countMax) size *= 2;
    this.#slots = new Uint32Array(size);
    this.#hashes = new Uint32Array(countMax);
  }

  /** The number of the set; the next one when it is new. */
  place(labels: Labels): number {
    const hash = hashOf(labels);
    const mask = this.#slots.length - 1;
    let at = hash & mask;
    for (; this.#slots[at] !== 0; at = (at + 1) & mask) {
      const number = this.#slots[at]! - 1;
      if (this.#hashes[number] === hash && isSame(this.sets[number]!, labels)) return number;
    }
    const number = this.sets.length;
    this.sets.push(labels);
    this.#hashes[number] = hash;
    this.#slots[at] = number + 1;
    return number;
  }
}

function isSame(a: Labels, b: Labels): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Values only, since sets with the same values mostly have the same names. */
function hashOf(labels: Labels): number {
  let hash = labels.length;
  for (let i = 1; i < labels.length; i += 2) {
    const text = labels[i]!;
    for (let j = 0; j < text.length; j++) hash = Math.imul(hash ^ text.charCodeAt(j), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  }
  hash ^= hash >>> 13;
  return hash >>> 0;
}
