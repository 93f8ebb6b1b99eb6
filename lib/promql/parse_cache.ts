/**
 * The queries parsed last, so that a dashboard is parsed once. Bounded in entries and in bytes of text; the one used
 * longest ago goes first. Beside them one tree for each asker that is known to ask the same again: ten thousand rules
 * in turn would find nothing among the latest. Trees are immutable and shared. Bad queries are not kept.
 */
import type { Expr } from "./ast.ts";
import { parseExpr, type ParseOptions } from "./parse.ts";

export interface ParseCache {
  /** As `parseExpr`. */
  parse(query: string, options?: ParseOptions): Expr;
  readonly entries: number;
  readonly bytes: number;
}

/** A tree takes some twenty times the memory of its text, in UTF-16. */
const TREE_BYTES_PER_CHAR = 40;

function keyOf(query: string, options: ParseOptions): string {
  const flags = (options.experimentalFunctions === true ? 1 : 0) +
    (options.extendedRangeSelectors === true ? 2 : 0) +
    (options.binopFillModifiers === true ? 4 : 0) +
    (options.durationExpr === false ? 8 : 0);
  return String.fromCharCode(flags) + query;
}

class LruParseCache implements ParseCache {
  /** In order of use, oldest first. */
  readonly #exprs = new Map<string, Expr>();
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(entriesMax: number, bytesMax: number) {
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
  }

  get entries(): number {
    return this.#exprs.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  parse(query: string, options: ParseOptions = {}): Expr {
    const key = keyOf(query, options);
    const known = this.#exprs.get(key);
    if (known !== undefined) {
      this.#exprs.delete(key);
      this.#exprs.set(key, known);
      return known;
    }
    const expr = parseExpr(query, options);
    const cost = costOf(key);
    if (cost > this.#bytesMax || this.#entriesMax < 1) return expr;
    this.#exprs.set(key, expr);
    this.#bytes += cost;
    this.#evict();
    return expr;
  }

  #evict(): void {
    for (const key of this.#exprs.keys()) {
      if (this.#exprs.size <= this.#entriesMax && this.#bytes <= this.#bytesMax) return;
      this.#exprs.delete(key);
      this.#bytes -= costOf(key);
    }
  }
}

function costOf(key: string): number {
  return key.length * TREE_BYTES_PER_CHAR;
}

/** Both limits hold at once; `bytesMax` counts what trees take, as estimated from their text. */
export function createParseCache(entriesMax: number, bytesMax: number): ParseCache {
  return new LruParseCache(entriesMax, bytesMax);
}

/** One tree an asker, its latest; it goes with the asker. */
export class AskerTrees {
  readonly #trees = new WeakMap<object, { readonly key: string; readonly expr: Expr }>();

  parse(asker: object, query: string, options: ParseOptions = {}): Expr {
    const key = keyOf(query, options);
    const known = this.#trees.get(asker);
    if (known?.key === key) return known.expr;
    const expr = parseExpr(query, options);
    this.#trees.set(asker, { key, expr });
    return expr;
  }
}
