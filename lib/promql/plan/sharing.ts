/**
 * Common subexpressions: which vectors, and which reads of samples, occur more than once over the same steps of a
 * query. The first occurrence stands for all of them; the others are its twins. Nothing is decided here about memory:
 * whether a result is in fact kept is the affair of `SharedStreams`, when it runs.
 */
import type { Expr, Position, VectorSelector } from "../ast.ts";
import { isStepInvariant, unwrapParens } from "../invariant.ts";
import { printSubquerySuffix } from "../printer.ts";
import { typeOf } from "../types.ts";
import { childrenOf } from "./children.ts";
import { ExpressionKeys } from "./expression_keys.ts";

/** A vector that is computed once. */
export interface SharedVector {
  readonly id: number;
  /** The first occurrence, with a position object of its own at its root: remarks of its parent are not its own. */
  readonly expr: Expr;
  readonly uses: number;
}

/** Samples that are read once. */
export interface SharedRead {
  readonly id: number;
  readonly uses: number;
}

export interface Sharing {
  readonly vectors: ReadonlyMap<Expr, SharedVector>;
  readonly reads: ReadonlyMap<VectorSelector, SharedRead>;
  /** Where what is remarked on at a position was written once more. */
  readonly twins: ReadonlyMap<Position, readonly Position[]>;
}

export const NOTHING_SHARED: Sharing = { vectors: new Map(), reads: new Map(), twins: new Map() };

/** The steps that a part of the query is evaluated at, as far as they can be told apart before it runs. */
interface Steps {
  /** Equal for the same chain of subqueries around. */
  readonly chain: number;
  /** At one step only, since the value never changes. */
  readonly once: boolean;
}

interface VectorUses {
  readonly id: number;
  readonly expr: Expr;
  readonly occurrences: Expr[];
}

interface ReadUses {
  readonly id: number;
  count: number;
  readonly selectors: VectorSelector[];
}

/** Adds to `statsSelectors` the selectors that it makes. */
export function findSharing(root: Expr, statsSelectors: Set<VectorSelector>): Sharing {
  const keys = new ExpressionKeys(statsSelectors);
  const counts = new Map<number, number>();
  walk(root, TOP, keys, {
    onVector: (expr, steps) => {
      const key = keyAt(keys, expr, steps);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return expr;
    },
    onRead: () => {},
  });
  const finder = new SharingFinder(keys, counts, statsSelectors);
  walk(root, TOP, keys, finder);
  return finder.result();
}

const TOP: Steps = { chain: -1, once: false };

function keyAt(keys: ExpressionKeys, expr: Expr, { chain, once }: Steps): number {
  return keys.ofText(`at ${keys.keyOf(expr)} ${chain} ${once}`);
}

interface Visitor {
  /** Of a vector that may be shared: what to look into instead, undefined for what is not evaluated. */
  onVector(expr: Expr, steps: Steps): Expr | undefined;
  /** `key` is the same for the same samples. */
  onRead(selector: VectorSelector, key: number): void;
}

/** Visits what is evaluated, in that order. Ranges are no vectors, but their selectors read. */
function walk(expr: Expr, steps: Steps, keys: ExpressionKeys, visitor: Visitor): void {
  const inner = unwrapParens(expr);
  if (typeOf(inner) !== "vector") {
    walkBelow(inner, steps, keys, visitor);
    return;
  }
  const at = isStepInvariant(inner) ? { ...steps, once: true } : steps;
  const chosen = isShareable(inner, keys) ? visitor.onVector(inner, at) : inner;
  if (chosen !== undefined) walkBelow(chosen, at, keys, visitor);
}

function walkBelow(expr: Expr, steps: Steps, keys: ExpressionKeys, visitor: Visitor): void {
  switch (expr.kind) {
    case "selector":
    case "matrix": {
      const selector = expr.kind === "matrix" ? expr.selector : expr;
      visitor.onRead(selector, keys.ofText(`read ${keyAt(keys, expr, steps)}`));
      return;
    }
    case "subquery": {
      const chain = keys.ofText(`in ${steps.chain} ${steps.once} ${printSubquerySuffix(expr)}`);
      walk(expr.expr, { chain, once: false }, keys, visitor);
      return;
    }
    case "call": {
      // It looks at the selectors of its argument, and reads for itself.
      if (expr.name === "info") return;
      const first = expr.args[0] === undefined ? undefined : unwrapParens(expr.args[0]);
      if (READS_TIMES.has(expr.name) && first?.kind === "selector") {
        walkBelow(first, steps, keys, visitor);
        return;
      }
      break;
    }
  }
  for (const child of childrenOf(expr)) walk(child, steps, keys, visitor);
}

/** Of a selector they want times and no values, so they read it themselves. */
const READS_TIMES: ReadonlySet<string> = new Set(["timestamp", "start_timestamp"]);

/** Worth keeping: it takes samples to compute, and remarks on them one by one. */
function isShareable(expr: Expr, keys: ExpressionKeys): boolean {
  const contents = keys.contentsOf(expr);
  return contents.reads && !contents.countsRemarks;
}

class SharingFinder implements Visitor {
  readonly #keys: ExpressionKeys;
  readonly #counts: ReadonlyMap<number, number>;
  readonly #statsSelectors: Set<VectorSelector>;
  readonly #vectors = new Map<number, VectorUses>();
  readonly #reads = new Map<number, ReadUses>();
  readonly #twins = new Map<Position, Position[]>();
  /** Of selectors that stand for all their occurrences. */
  readonly #originals = new Map<VectorSelector, VectorSelector>();

  constructor(
    keys: ExpressionKeys,
    counts: ReadonlyMap<number, number>,
    statsSelectors: Set<VectorSelector>,
  ) {
    this.#keys = keys;
    this.#counts = counts;
    this.#statsSelectors = statsSelectors;
  }

  onVector(expr: Expr, steps: Steps): Expr | undefined {
    const key = keyAt(this.#keys, expr, steps);
    if ((this.#counts.get(key) ?? 0) < 2) return expr;
    const known = this.#vectors.get(key);
    if (known !== undefined) {
      known.occurrences.push(expr);
      this.#pair(known.expr, expr);
      return undefined;
    }
    const own = { ...expr, pos: { ...expr.pos } };
    if (expr.kind === "selector" && own.kind === "selector") {
      this.#originals.set(own, expr);
      if (this.#statsSelectors.has(expr)) this.#statsSelectors.add(own);
    }
    this.#addTwin(own.pos, expr.pos);
    this.#vectors.set(key, { id: key, expr: own, occurrences: [expr] });
    return own;
  }

  onRead(selector: VectorSelector, key: number): void {
    let read = this.#reads.get(key);
    if (read === undefined) this.#reads.set(key, read = { id: key, count: 0, selectors: [] });
    read.count++;
    read.selectors.push(selector);
    // Evaluated in its place where the vector turns out to be used once only.
    const original = this.#originals.get(selector);
    if (original !== undefined) read.selectors.push(original);
  }

  result(): Sharing {
    const vectors = new Map<Expr, SharedVector>();
    for (const { id, expr, occurrences } of this.#vectors.values()) {
      if (occurrences.length < 2) continue;
      const shared = { id, expr, uses: occurrences.length };
      for (const occurrence of occurrences) vectors.set(occurrence, shared);
    }
    const reads = new Map<VectorSelector, SharedRead>();
    for (const { id, count, selectors } of this.#reads.values()) {
      if (count < 2) continue;
      for (const selector of selectors) reads.set(selector, { id, uses: count });
    }
    return { vectors, reads, twins: this.#twins };
  }

  #addTwin(of: Position, twin: Position): void {
    const twins = this.#twins.get(of);
    if (twins === undefined) this.#twins.set(of, [twin]);
    else twins.push(twin);
  }

  #pair(first: Expr, twin: Expr): void {
    this.#addTwin(first.pos, twin.pos);
    const below = childrenOf(twin);
    childrenOf(first).forEach((child, i) => this.#pair(child, below[i]!));
  }
}
