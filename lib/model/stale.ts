/**
 * NaN bit patterns that mean something. They are told apart through a Uint32Array over the same buffer, before
 * any arithmetic: an ordinary JavaScript number or array may lose the payload, a typed-array copy keeps it.
 * Little-endian words, as on every machine that Deno runs on: word 2i is the low half of value i.
 */

/** Written by a scraper when a series ends. As Prometheus: 0x7ff0000000000002. */
export const STALE_HIGH = 0x7ff00000;
export const STALE_LOW = 0x00000002;
/** What every other NaN becomes on ingest. As Prometheus: 0x7ff8000000000001. */
export const NAN_HIGH = 0x7ff80000;
export const NAN_LOW = 0x00000001;
/** No sample in this cell of a cohort or a block. Ours alone: never leaves the process. */
export const ABSENT_HIGH = 0x7ff80000;
export const ABSENT_LOW = 0x000ab5e7;

export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

export function isStale(words: Uint32Array, index: number): boolean {
  return words[2 * index + 1] === STALE_HIGH && words[2 * index] === STALE_LOW;
}

export function isAbsent(words: Uint32Array, index: number): boolean {
  return words[2 * index + 1] === ABSENT_HIGH && words[2 * index] === ABSENT_LOW;
}

/** Absent or stale: no value to compute with. */
export function isGap(words: Uint32Array, index: number): boolean {
  const low = words[2 * index]!;
  const high = words[2 * index + 1]!;
  return (high === ABSENT_HIGH && low === ABSENT_LOW) || (high === STALE_HIGH && low === STALE_LOW);
}

export function setStale(words: Uint32Array, index: number): void {
  words[2 * index] = STALE_LOW;
  words[2 * index + 1] = STALE_HIGH;
}

export function setAbsent(words: Uint32Array, index: number): void {
  words[2 * index] = ABSENT_LOW;
  words[2 * index + 1] = ABSENT_HIGH;
}

export function setNan(words: Uint32Array, index: number): void {
  words[2 * index] = NAN_LOW;
  words[2 * index + 1] = NAN_HIGH;
}

/** Makes every cell from `start` to `end` absent. */
export function fillAbsent(words: Uint32Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    words[2 * i] = ABSENT_LOW;
    words[2 * i + 1] = ABSENT_HIGH;
  }
}

/** A new column of `count` absent cells. */
export function absentColumn(count: number): Float64Array {
  const values = new Float64Array(count);
  fillAbsent(wordsOf(values), 0, count);
  return values;
}
