/**
 * The patterns that are understood here: a part of RE2's syntax large enough for nearly all matchers and relabelling
 * rules, small enough to be sure of. What is outside goes to the full engine as it is.
 */

/** Code points, both ends included, sorted, without overlap. */
export type CharRanges = readonly (readonly [from: number, to: number])[];

export type RegexNode =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "chars"; readonly ranges: CharRanges; readonly negated: boolean }
  | { readonly kind: "concat"; readonly parts: readonly RegexNode[] }
  | { readonly kind: "alternatives"; readonly branches: readonly RegexNode[] }
  | { readonly kind: "group"; readonly captures: boolean; readonly body: RegexNode }
  | {
    readonly kind: "repeat";
    readonly body: RegexNode;
    readonly min: number;
    /** Infinity for `*` and `+`. */
    readonly max: number;
    readonly lazy: boolean;
  };

export interface ParsedRegex {
  readonly node: RegexNode;
  /** The pattern begins with `(?i)`. */
  readonly foldsCase: boolean;
}

export const CODE_POINT_MAX = 0x10ffff;
export const ANY_CHAR: CharRanges = [[0, CODE_POINT_MAX]];

export function isAnyChar(node: RegexNode): boolean {
  return node.kind === "chars" && node.ranges.length === 1 && node.ranges[0]![0] === 0 &&
    node.ranges[0]![1] === CODE_POINT_MAX;
}

export function normalRanges(ranges: readonly (readonly [number, number])[]): CharRanges {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

export function complement(ranges: CharRanges): CharRanges {
  const rest: [number, number][] = [];
  let next = 0;
  for (const [from, to] of ranges) {
    if (from > next) rest.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= CODE_POINT_MAX) rest.push([next, CODE_POINT_MAX]);
  return rest;
}

export function intersect(a: CharRanges, b: CharRanges): boolean {
  return a.some(([from, to]) => b.some(([other, end]) => from <= end && other <= to));
}
