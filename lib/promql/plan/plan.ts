/**
 * The plan of a query: its tree after the rewrites, and what was found out about the nodes of that tree. A plan knows
 * no times and no data, so one is made for a parsed query and kept with it. With every rewrite off the plan is the
 * tree as it was written, which is the oracle of tests.
 */
import type { Expr, VectorSelector } from "../ast.ts";
import { statsSelectors } from "../operators/detected_hints.ts";
import { childrenOf } from "./children.ts";
import { foldConstants } from "./fold_constants.ts";
import { propagateMatchers } from "./propagate.ts";
import { labelsSeen } from "./labels_seen.ts";
import { findSharing, NOTHING_SHARED, type Sharing } from "./sharing.ts";

export interface PlanRewrites {
  readonly constants: boolean;
  readonly matchers: boolean;
  readonly sharing: boolean;
  readonly projection: boolean;
}

export const ALL_REWRITES: PlanRewrites = {
  constants: true,
  matchers: true,
  sharing: true,
  projection: true,
};
export const NO_REWRITES: PlanRewrites = {
  constants: false,
  matchers: false,
  sharing: false,
  projection: false,
};

/**
 * Larger trees run as they are written: matchers are passed on through all operands below each operator, which grows
 * with the square of their number. So many nodes take some 15 ms at worst, once for each text in the cache.
 */
export const PLANNED_NODES_MAX = 100;

export interface Plan {
  readonly expr: Expr;
  readonly sharing: Sharing;
  /** Selectors of histograms of which nothing but count and sum is used (operators/detected_hints.ts). */
  readonly statsSelectors: ReadonlySet<VectorSelector>;
  /** Selectors of whose series nobody sees other labels than these (labels_seen.ts). */
  readonly labelsSeen: ReadonlyMap<VectorSelector, readonly string[]>;
}

export function planOf(expr: Expr, rewrites: PlanRewrites = ALL_REWRITES): Plan {
  if (!hasAtMost(expr, PLANNED_NODES_MAX)) {
    return { expr, sharing: NOTHING_SHARED, statsSelectors: statsSelectors(expr), labelsSeen: new Map() };
  }
  let planned = expr;
  if (rewrites.constants) planned = foldConstants(planned);
  if (rewrites.matchers) planned = propagateMatchers(planned);
  const stats = new Set(statsSelectors(planned));
  const sharing = rewrites.sharing ? findSharing(planned, stats) : NOTHING_SHARED;
  const seen = rewrites.projection ? labelsSeen(planned, sharing) : new Map();
  return { expr: planned, sharing, statsSelectors: stats, labelsSeen: seen };
}

function hasAtMost(expr: Expr, nodesMax: number): boolean {
  const open: Expr[] = [expr];
  for (let seen = 0; open.length > 0; seen++) {
    if (seen >= nodesMax) return false;
    open.push(...childrenOf(open.pop()!));
  }
  return true;
}

/** Plans by tree: they go when the tree leaves the cache of parsed queries. */
export class PlanCache {
  readonly #rewrites: PlanRewrites;
  readonly #plans = new WeakMap<Expr, Plan>();

  constructor(rewrites: PlanRewrites) {
    this.#rewrites = rewrites;
  }

  planOf(expr: Expr): Plan {
    let plan = this.#plans.get(expr);
    if (plan === undefined) this.#plans.set(expr, plan = planOf(expr, this.#rewrites));
    return plan;
  }
}
