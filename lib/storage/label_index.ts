/**
 * Interned label pairs and their postings. A pair (name, value) is a number; series are lists of such numbers
 * (series_table.ts). Matchers are resolved as sets: equalities and alternations by look-up, the most selective
 * first; a regular expression runs once per distinct value of its label; whatever matches the empty value is
 * resolved by subtraction, since series without the label match it too.
 */
import type { Labels } from "../model/labels.ts";
import { type Matcher, matchesValue } from "../model/matchers.ts";
import { intersect, NO_SERIES, PostingList, subtract, union } from "./postings.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** V8 copies what is shorter: only a longer substring is a window on the string that it was cut from. */
const SLICED_UNITS_MIN = 13;

/** A copy with memory of its own: a slice of a scrape body would keep the whole body alive. */
function ownString(text: string): string {
  return text.length < SLICED_UNITS_MIN ? text : decoder.decode(encoder.encode(text));
}

export class LabelIndex {
  readonly #names = new Map<string, Map<string, number>>();
  readonly #pairNames: string[] = [];
  readonly #pairValues: string[] = [];
  readonly #postings: PostingList[] = [];

  get pairsCount(): number {
    return this.#pairNames.length;
  }

  /** `areOwn`: the strings have memory of their own already. */
  intern(name: string, value: string, areOwn = false): number {
    let values = this.#names.get(name);
    if (values === undefined) {
      values = new Map();
      this.#names.set(areOwn ? name : ownString(name), values);
    }
    let pair = values.get(value);
    if (pair === undefined) {
      pair = this.#pairNames.length;
      const own = areOwn ? value : ownString(value);
      values.set(own, pair);
      const first = values.values().next().value;
      this.#pairNames.push(first !== pair ? this.#pairNames[first!]! : areOwn ? name : ownString(name));
      this.#pairValues.push(own);
      this.#postings.push(new PostingList());
    }
    return pair;
  }

  /** The pair's number, or undefined when no series ever had it. */
  find(name: string, value: string): number | undefined {
    return this.#names.get(name)?.get(value);
  }

  nameOf(pair: number): string {
    return this.#pairNames[pair]!;
  }

  valueOf(pair: number): string {
    return this.#pairValues[pair]!;
  }

  postingsOf(pair: number): PostingList {
    return this.#postings[pair]!;
  }

  names(): IterableIterator<string> {
    return this.#names.keys();
  }

  /** Values that some series has, with their pair. */
  valuesOf(name: string): ReadonlyMap<string, number> {
    return this.#names.get(name) ?? new Map();
  }

  /** Series that every matcher accepts, ascending. `all` gives the whole set when only subtractions remain. */
  resolve(matchers: readonly Matcher[], all: () => Uint32Array): Uint32Array {
    const keep: Uint32Array[] = [];
    const lateKeep: Matcher[] = [];
    const drop: Matcher[] = [];
    for (const matcher of matchers) {
      if (matchesValue(matcher, "")) drop.push(matcher);
      else if (matcher.op === "=" || matcher.regex?.literals !== undefined && matcher.op === "=~") {
        keep.push(this.#accepted(matcher));
      } else lateKeep.push(matcher);
    }
    for (const matcher of lateKeep) keep.push(this.#accepted(matcher));
    let result: Uint32Array;
    if (keep.length === 0) result = all();
    else {
      keep.sort((a, b) => a.length - b.length);
      result = keep[0]!;
      for (let i = 1; i < keep.length && result.length > 0; i++) result = intersect(result, keep[i]!);
    }
    for (const matcher of drop) {
      if (result.length === 0) return NO_SERIES;
      result = subtract(result, this.#refused(matcher));
    }
    return result;
  }

  /** Series whose value of the label is not empty and accepted. */
  #accepted(matcher: Matcher): Uint32Array {
    const values = this.#names.get(matcher.name);
    if (values === undefined) return NO_SERIES;
    const wanted = matcher.op === "="
      ? [matcher.value]
      : matcher.op === "=~"
      ? matcher.regex?.literals
      : undefined;
    const lists: Uint32Array[] = [];
    if (wanted !== undefined) {
      for (const value of new Set(wanted)) {
        const pair = values.get(value);
        if (pair !== undefined) lists.push(this.#postings[pair]!.ids());
      }
    } else {
      for (const [value, pair] of values) {
        if (matchesValue(matcher, value)) lists.push(this.#postings[pair]!.ids());
      }
    }
    return union(lists);
  }

  /** Series whose value of the label is refused by a matcher that accepts the empty value. */
  #refused(matcher: Matcher): Uint32Array {
    const values = this.#names.get(matcher.name);
    if (values === undefined) return NO_SERIES;
    const lists: Uint32Array[] = [];
    if (matcher.op === "!=") {
      const pair = values.get(matcher.value);
      return pair === undefined ? NO_SERIES : this.#postings[pair]!.ids();
    }
    for (const [value, pair] of values) {
      if (!matchesValue(matcher, value)) lists.push(this.#postings[pair]!.ids());
    }
    return union(lists);
  }

  /** Of the pairs from `from` up to `to`. */
  labelsOf(pairs: Uint32Array, from: number, to: number): Labels {
    const flat: string[] = new Array((to - from) * 2);
    for (let i = from, at = 0; i < to; i++) {
      flat[at++] = this.#pairNames[pairs[i]!]!;
      flat[at++] = this.#pairValues[pairs[i]!]!;
    }
    return flat;
  }
}
