/**
 * Patterns made of literals and wildcards, matched with string comparison alone: `a|b|c` as a set, `pre.*`,
 * `.*post`, `a.*b.+c` by their fixed parts. Linear in the text.
 */
import { isAnyChar, type RegexNode } from "./ast.ts";

/** More strings with gaps than this are a pattern of their own, not a list: each costs a comparison a text. */
const SHAPES_MAX = 256;
/** A list of plain strings costs one look-up, however long. Bounds the memory of the product of alternatives. */
const LITERALS_MAX = 65_536;
const LITERAL_CHARS_MAX = 1 << 20;
/** Fixed parts and gaps of one shape; bounds the memory of the product of alternatives. */
const PIECES_MAX = 64;
const CLASS_CHARS_MAX = 16;

/** A fixed text, or a gap of at least so many code points. */
type Piece = string | { readonly min: 0 | 1 };
type Shape = readonly Piece[];

export interface ShapeMatcher {
  matches(text: string): boolean;
  /** All that matches, where it is a finite list. */
  readonly literals: readonly string[] | undefined;
  /** What every match begins with. */
  readonly prefix: string;
}

/** undefined where the pattern is not of this kind. */
export function shapeMatcher(node: RegexNode): ShapeMatcher | undefined {
  const shapes = shapesOf(node);
  if (shapes === undefined || shapes.length === 0) return undefined;
  const literals = new Set<string>();
  const globs: Glob[] = [];
  for (const shape of shapes) {
    if (shape.length === 0) literals.add("");
    else if (shape.length === 1 && typeof shape[0] === "string") literals.add(shape[0]);
    else globs.push(globOf(shape));
  }
  const prefixes = [...literals, ...globs.map((glob) => glob.prefix)];
  return {
    matches: matcherOf(literals, globs),
    literals: globs.length === 0 ? [...literals] : undefined,
    prefix: prefixes.reduce(commonPrefix),
  };
}

function matcherOf(literals: ReadonlySet<string>, globs: readonly Glob[]): (text: string) => boolean {
  if (globs.length === 0 && literals.size === 1) {
    const only = [...literals][0]!;
    return (text) => text === only;
  }
  if (globs.length === 0) return (text) => literals.has(text);
  if (globs.length === 1 && literals.size === 0) {
    const glob = globs[0]!;
    if (isEverything(glob)) return () => true;
    return (text) => matchesGlob(glob, text);
  }
  return (text) => {
    if (literals.has(text)) return true;
    for (let i = 0; i < globs.length; i++) if (matchesGlob(globs[i]!, text)) return true;
    return false;
  };
}

export function commonPrefix(a: string, b: string): string {
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  // Not between the halves of a surrogate pair.
  if (i > 0 && i < a.length && (a.charCodeAt(i) & 0xfc00) === 0xdc00) i--;
  return a.slice(0, i);
}

function shapesOf(node: RegexNode): readonly Shape[] | undefined {
  switch (node.kind) {
    case "literal":
      return [[node.text]];
    case "group":
      return shapesOf(node.body);
    case "chars":
      return charShapes(node);
    case "alternatives": {
      const all: Shape[] = [];
      let plain = true;
      for (const branch of node.branches) {
        const shapes = shapesOf(branch);
        if (shapes === undefined) return undefined;
        plain &&= arePlain(shapes);
        if (all.length + shapes.length > (plain ? LITERALS_MAX : SHAPES_MAX)) return undefined;
        for (const shape of shapes) all.push(shape);
      }
      return all;
    }
    case "concat":
      return concatShapes(node.parts);
    case "repeat":
      return repeatShapes(node);
  }
}

function charShapes(node: RegexNode & { readonly kind: "chars" }): readonly Shape[] | undefined {
  let count = 0;
  for (const [from, to] of node.ranges) count += to - from + 1;
  if (count === 0 || count > CLASS_CHARS_MAX) return undefined;
  const shapes: Shape[] = [];
  for (const [from, to] of node.ranges) {
    for (let code = from; code <= to; code++) shapes.push([String.fromCodePoint(code)]);
  }
  return shapes;
}

function concatShapes(parts: readonly RegexNode[]): readonly Shape[] | undefined {
  let product: readonly Shape[] = [[]];
  for (const part of parts) {
    const shapes = shapesOf(part);
    if (shapes === undefined) return undefined;
    const count = product.length * shapes.length;
    if (count > SHAPES_MAX && !(count <= LITERALS_MAX && arePlain(product) && arePlain(shapes))) {
      return undefined;
    }
    const next: Shape[] = [];
    const plain = count > SHAPES_MAX;
    for (const before of product) {
      for (const after of shapes) {
        const joined = plain ? joinPlain(before, after) : joinShapes(before, after);
        if (joined === undefined) return undefined;
        next.push(joined);
      }
    }
    product = next;
    if (count > SHAPES_MAX && charsOf(product) > LITERAL_CHARS_MAX) return undefined;
  }
  return product;
}

function arePlain(shapes: readonly Shape[]): boolean {
  return shapes.every((shape) => shape.length === 0 || (shape.length === 1 && typeof shape[0] === "string"));
}

function joinPlain([before = ""]: Shape, [after = ""]: Shape): Shape | undefined {
  return typeof before === "string" && typeof after === "string" ? [before + after] : undefined;
}

function charsOf(shapes: readonly Shape[]): number {
  let chars = 0;
  for (const [piece] of shapes) if (typeof piece === "string") chars += piece.length;
  return chars;
}

function repeatShapes(node: RegexNode & { readonly kind: "repeat" }): readonly Shape[] | undefined {
  if (node.max === Infinity) {
    return isAnyChar(node.body) && node.min <= 1 ? [[{ min: node.min === 0 ? 0 : 1 }]] : undefined;
  }
  if (node.min !== 0 || node.max !== 1) return undefined;
  const shapes = shapesOf(node.body);
  return shapes === undefined || shapes.length >= SHAPES_MAX ? undefined : [...shapes, []];
}

/** Joins neighbouring texts and gaps; undefined where two gaps would need more than one character. */
function joinShapes(before: Shape, after: Shape): Shape | undefined {
  const last = before.at(-1);
  const first = after[0];
  if (last === undefined) return after;
  if (first === undefined) return before;
  if (before.length + after.length > PIECES_MAX) return undefined;
  if (typeof last === "string" && typeof first === "string") {
    return [...before.slice(0, -1), last + first, ...after.slice(1)];
  }
  if (typeof last === "string" || typeof first === "string") return [...before, ...after];
  if (last.min + first.min > 1) return undefined;
  return [...before.slice(0, -1), { min: last.min === 1 || first.min === 1 ? 1 : 0 }, ...after.slice(1)];
}

interface Glob {
  readonly prefix: string;
  readonly suffix: string;
  /** Texts between the gaps, in order. */
  readonly middles: readonly string[];
  /** Least code units of each gap: one more than there are middles. */
  readonly gaps: readonly (0 | 1)[];
  readonly lengthMin: number;
}

/** A shape holds at least one gap here, and texts and gaps alternate. */
function globOf(shape: Shape): Glob {
  const prefix = typeof shape[0] === "string" ? shape[0] : "";
  const lastPiece = shape.at(-1);
  const suffix = typeof lastPiece === "string" ? lastPiece : "";
  const middles: string[] = [];
  const gaps: (0 | 1)[] = [];
  let lengthMin = 0;
  for (const [index, piece] of shape.entries()) {
    if (typeof piece !== "string") gaps.push(piece.min);
    else if (index > 0 && index < shape.length - 1) middles.push(piece);
    lengthMin += typeof piece === "string" ? piece.length : piece.min;
  }
  return { prefix, suffix, middles, gaps, lengthMin };
}

function isEverything(glob: Glob): boolean {
  return glob.lengthMin === 0;
}

/** Taking each middle text as early as it comes leaves most room for the rest. */
function matchesGlob(glob: Glob, text: string): boolean {
  if (text.length < glob.lengthMin || !text.startsWith(glob.prefix) || !text.endsWith(glob.suffix)) {
    return false;
  }
  const { middles, gaps } = glob;
  const end = text.length - glob.suffix.length;
  let at = glob.prefix.length;
  for (let i = 0; i < middles.length; i++) {
    const found = text.indexOf(middles[i]!, at + gaps[i]!);
    if (found < 0) return false;
    at = found + middles[i]!.length;
  }
  return at + gaps[gaps.length - 1]! <= end;
}
