/**
 * Sets of series as ascending `Uint32Array`s: a growing list per label pair, and the operations on them. Results
 * may share memory with their inputs and are read-only.
 */
export const NO_SERIES = new Uint32Array(0);

export class PostingList {
  /** Empty while there is only the first: most pairs of a body full of new series belong to one series. */
  #ids = NO_SERIES;
  #first = 0;
  #count = 0;

  /** `id` is above all ids before it. */
  add(id: number): void {
    if (this.#count === 0) {
      this.#first = id;
      this.#count = 1;
      return;
    }
    if (this.#count === 1) {
      this.#ids = new Uint32Array(4);
      this.#ids[0] = this.#first;
    } else if (this.#count === this.#ids.length) {
      // Long lists grow slowly: half a million series share a `job`, and spare room is memory.
      const capacity = this.#count < 64 ? this.#count * 2 : Math.ceil(this.#count * 1.25);
      const grown = new Uint32Array(capacity);
      grown.set(this.#ids);
      this.#ids = grown;
    }
    this.#ids[this.#count++] = id;
  }

  get count(): number {
    return this.#count;
  }

  ids(): Uint32Array {
    return this.#count === 1 ? Uint32Array.of(this.#first) : this.#ids.subarray(0, this.#count);
  }
}

export function intersect(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length > b.length) [a, b] = [b, a];
  const out = new Uint32Array(a.length);
  let count = 0;
  // A short list gallops through a long one.
  if (b.length > 16 * a.length) {
    let from = 0;
    for (let i = 0; i < a.length; i++) {
      from = lowerBound(b, a[i]!, from);
      if (from < b.length && b[from] === a[i]) out[count++] = a[i]!;
    }
    return out.subarray(0, count);
  }
  let j = 0;
  for (let i = 0; i < a.length; i++) {
    const id = a[i]!;
    while (j < b.length && b[j]! < id) j++;
    if (j < b.length && b[j] === id) out[count++] = id;
  }
  return out.subarray(0, count);
}

/** a without b. */
export function subtract(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (b.length === 0) return a;
  const out = new Uint32Array(a.length);
  let count = 0;
  let j = 0;
  for (let i = 0; i < a.length; i++) {
    const id = a[i]!;
    while (j < b.length && b[j]! < id) j++;
    if (j >= b.length || b[j] !== id) out[count++] = id;
  }
  return out.subarray(0, count);
}

export function union(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length === 0) return NO_SERIES;
  if (lists.length === 1) return lists[0]!;
  let total = 0;
  for (const list of lists) total += list.length;
  const all = new Uint32Array(total);
  let at = 0;
  let sorted = true;
  for (const list of lists) {
    if (list.length === 0) continue;
    if (at > 0 && all[at - 1]! >= list[0]!) sorted = false;
    all.set(list, at);
    at += list.length;
  }
  if (sorted) return all;
  all.sort();
  let count = 0;
  for (let i = 0; i < total; i++) if (i === 0 || all[i] !== all[i - 1]) all[count++] = all[i]!;
  return all.subarray(0, count);
}

function lowerBound(ids: Uint32Array, id: number, from: number): number {
  let step = 1;
  let high = from;
  while (high < ids.length && ids[high]! < id) {
    from = high + 1;
    high += step;
    step *= 2;
  }
  high = Math.min(high, ids.length);
  while (from < high) {
    const mid = (from + high) >> 1;
    if (ids[mid]! < id) from = mid + 1;
    else high = mid;
  }
  return from;
}
