/**
 * Decides whether the platform's own backtracking RegExp may run a pattern, and writes the pattern for it. It may
 * when it means the same there and cannot take more than a quadratic of a short text: only single characters are
 * repeated, at most one repetition can be cut off in more than one place, and alternatives are few.
 */
import { type CharRanges, intersect, normalRanges, type ParsedRegex, type RegexNode } from "./ast.ts";

/** Texts longer than this go to the linear engine: n² of it is about a million steps. */
export const BACKTRACKING_TEXT_MAX = 1024;
/** Ways through the alternatives and options of a pattern, multiplied. */
const WAYS_MAX = 64;

export function backtrackingRegExp(parsed: ParsedRegex): RegExp | undefined {
  // Folding of negated classes differs between the engines.
  if (parsed.foldsCase && !foldsAlike(parsed.node)) return undefined;
  const cost = costOf(parsed.node, []);
  if (cost === undefined || cost.ambiguous > 1 || cost.ways > WAYS_MAX) return undefined;
  // Some orders of folding letters reach each other only with the flags i and u together, as in RE2.
  return new RegExp(`^(?:${sourceOf(parsed.node)})$`, parsed.foldsCase ? "isu" : "su");
}

/** Whether folding case means the same in every engine: only ASCII is folded. */
export function foldsAlike(node: RegexNode): boolean {
  switch (node.kind) {
    case "literal":
      return /^\p{ASCII}*$/u.test(node.text);
    case "chars":
      return !node.negated && (isAll(node.ranges) || node.ranges.every(([, to]) => to < 0x80));
    case "group":
    case "repeat":
      return foldsAlike(node.body);
    case "concat":
      return node.parts.every(foldsAlike);
    case "alternatives":
      return node.branches.every(foldsAlike);
  }
}

function isAll(ranges: CharRanges): boolean {
  return ranges.length === 1 && ranges[0]![0] === 0 && ranges[0]![1] === 0x10ffff;
}

interface Cost {
  /** Characters a match can begin with. */
  readonly first: CharRanges;
  readonly nullable: boolean;
  /** Repetitions that can end in more than one place. */
  readonly ambiguous: number;
  readonly ways: number;
}

/** `follow`: the characters that can come after. undefined where the pattern is not to be trusted. */
function costOf(node: RegexNode, follow: CharRanges): Cost | undefined {
  switch (node.kind) {
    case "literal": {
      const code = node.text.codePointAt(0);
      return code === undefined
        ? { first: [], nullable: true, ambiguous: 0, ways: 1 }
        : { first: widened(code), nullable: false, ambiguous: 0, ways: 1 };
    }
    case "chars":
      return { first: node.ranges, nullable: false, ambiguous: 0, ways: 1 };
    case "group":
      return costOf(node.body, follow);
    case "alternatives":
      return alternativesCost(node.branches, follow);
    case "concat":
      return concatCost(node.parts, follow);
    case "repeat":
      return repeatCost(node, follow);
  }
}

/** Either case of a letter, so that folding changes nothing in the reckoning. */
function widened(code: number): CharRanges {
  const char = String.fromCodePoint(code);
  return normalRanges([char, char.toLowerCase(), char.toUpperCase()].map((form) => {
    const point = form.codePointAt(0)!;
    return [point, point] as const;
  }));
}

function alternativesCost(branches: readonly RegexNode[], follow: CharRanges): Cost | undefined {
  let first: CharRanges = [];
  let nullable = false;
  let ambiguous = 0;
  let ways = 0;
  // Each is at least one way; a long list is not worth the reckoning.
  if (branches.length > WAYS_MAX) return undefined;
  for (const branch of branches) {
    const cost = costOf(branch, follow);
    if (cost === undefined) return undefined;
    first = normalRanges([...first, ...cost.first]);
    nullable ||= cost.nullable;
    ambiguous += cost.ambiguous;
    ways += cost.ways;
  }
  return { first, nullable, ambiguous, ways };
}

function concatCost(parts: readonly RegexNode[], follow: CharRanges): Cost | undefined {
  let after = follow;
  let first: CharRanges = [];
  let nullable = true;
  let ambiguous = 0;
  let ways = 1;
  for (const part of parts.toReversed()) {
    const cost = costOf(part, after);
    if (cost === undefined) return undefined;
    ambiguous += cost.ambiguous;
    ways *= cost.ways;
    if (ambiguous > 1 || ways > WAYS_MAX) return undefined;
    first = cost.nullable ? normalRanges([...cost.first, ...first]) : cost.first;
    after = cost.nullable ? normalRanges([...cost.first, ...after]) : cost.first;
    nullable &&= cost.nullable;
  }
  return { first, nullable, ambiguous, ways };
}

function repeatCost(node: RegexNode & { readonly kind: "repeat" }, follow: CharRanges): Cost | undefined {
  const { body, min, max } = node;
  if (max === 0) return undefined;
  if (max === 1) {
    const cost = costOf(body, follow);
    if (cost === undefined) return undefined;
    return { ...cost, nullable: cost.nullable || min === 0, ways: cost.ways + (min === 0 ? 1 : 0) };
  }
  const isSingle = body.kind === "chars" || (body.kind === "literal" && [...body.text].length === 1);
  if (!isSingle) return undefined;
  const first = body.kind === "chars" ? body.ranges : widened(body.text.codePointAt(0)!);
  const ambiguous = min !== max && intersect(first, follow) ? 1 : 0;
  return { first, nullable: min === 0, ambiguous, ways: 1 };
}

function sourceOf(node: RegexNode): string {
  switch (node.kind) {
    case "literal":
      return [...node.text].map((char) => codeSource(char.codePointAt(0)!)).join("");
    case "chars":
      return isAll(node.ranges) ? "." : `[${node.ranges.map(rangeSource).join("")}]`;
    case "group":
      return `${node.captures ? "(" : "(?:"}${sourceOf(node.body)})`;
    case "concat":
      return node.parts.map(sourceOf).join("");
    case "alternatives":
      return node.branches.map(sourceOf).join("|");
    case "repeat": {
      const body = node.body.kind === "group" ? sourceOf(node.body) : `(?:${sourceOf(node.body)})`;
      const bounds = node.max === Infinity ? `{${node.min},}` : `{${node.min},${node.max}}`;
      return body + bounds + (node.lazy ? "?" : "");
    }
  }
}

function rangeSource([from, to]: readonly [number, number]): string {
  return from === to ? codeSource(from) : `${codeSource(from)}-${codeSource(to)}`;
}

function codeSource(code: number): string {
  return /^[0-9A-Za-z_]$/.test(String.fromCodePoint(code))
    ? String.fromCodePoint(code)
    : `\\u{${code.toString(16)}}`;
}
