/**
 * Texts that were decoded before, found again by their bytes: the same few thousand names and values stand in every
 * chunk of a catalogue, and a string made anew costs several times a look-up. Holds plain ASCII only, which label
 * texts are; anything else is for the caller to decode. Lives as long as one opening.
 */
import type { SetsBefore } from "./sets_before.ts";

/** Texts above this are rarely met twice. */
const TEXT_BYTES_MAX = 256;
/** What comes after so many is decoded and not kept: a few MiB at most. */
const TEXTS_MAX = 65_536;
const SLOTS_MIN = 256;

const decoder = new TextDecoder("utf-8", { fatal: true });

export class TextPool {
  readonly #texts: string[] = [];
  /** Text + 1 and its hash, in turn; text 0 is a free slot. A power of two, at most half full. */
  #slots = new Uint32Array(2 * SLOTS_MIN);

  /** The label sets that were decoded last. */
  before: SetsBefore | undefined;

  /** The text in `bytes` from `start` to `end`, or undefined when it is none for the pool. */
  read(bytes: Uint8Array, start: number, end: number): string | undefined {
    if (end - start > TEXT_BYTES_MAX) return undefined;
    let hash = 0x811c9dc5;
    let any = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      any |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (any >= 0x80) return undefined;
    hash = (hash ^ (hash >>> 15)) >>> 0;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = (hash << 1) & mask; slots[slot] !== 0; slot = (slot + 2) & mask) {
      if (slots[slot + 1] !== hash) continue;
      const known = this.#texts[slots[slot]! - 1]!;
      if (isText(known, bytes, start, end)) return known;
    }
    const text = decoder.decode(bytes.subarray(start, end));
    if (this.#texts.length < TEXTS_MAX) this.#keep(text, hash);
    return text;
  }

  #keep(text: string, hash: number): void {
    this.#texts.push(text);
    if (4 * this.#texts.length > this.#slots.length) this.#grow();
    place(this.#slots, this.#texts.length, hash);
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== 0) place(this.#slots, old[at]!, old[at + 1]!);
    }
  }
}

function place(slots: Uint32Array, entry: number, hash: number): void {
  const mask = slots.length - 1;
  let slot = (hash << 1) & mask;
  while (slots[slot] !== 0) slot = (slot + 2) & mask;
  slots[slot] = entry;
  slots[slot + 1] = hash;
}

function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
