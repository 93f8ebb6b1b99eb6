/**
 * What all operators of one running query share: where samples come from, the query's own times, the limits, and
 * the remarks collected on the way. `Evaluator` is what an operator may ask of the dispatcher (evaluate.ts), so
 * that operators do not import it.
 */
import type { DurationExpr, Expr } from "./ast.ts";
import type { ColumnGroup, SeriesSource } from "../storage/source.ts";
import type { Annotations } from "./annotations.ts";
import type { Block, Blocks, StepGrid } from "./block.ts";
import type { SampleBudget } from "./budget.ts";
import type { Pacer } from "./pacer.ts";
import type { Plan } from "./plan/plan.ts";
import type { SharedStreams } from "./plan/shared_streams.ts";
import type { SampleCounts } from "./sample_counts.ts";

export interface QueryContext {
  readonly source: SeriesSource;
  /** The whole query's, not a subquery's: what `@ start()`, `range()` and `step()` mean. */
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  readonly lookbackMs: number;
  readonly noStepSubqueryIntervalMs: number;
  readonly delayedNameRemoval: boolean;
  readonly usesStartTimes: boolean;
  /** Whether series say in `__type__` what they are, so that remarks go by it instead of the name. */
  readonly typeAndUnitLabels: boolean;
  /** What was found out about the nodes of the tree that is evaluated. */
  readonly plan: Plan;
  readonly sharedBlocks: SharedStreams<Block>;
  readonly sharedGroups: SharedStreams<ColumnGroup>;
  readonly annotations: Annotations;
  readonly budget: SampleBudget;
  /** What is evaluated counts its samples here. */
  readonly samples: SampleCounts;
  /** Of shared blocks, by their key: what was counted when they were made. */
  readonly sharedCounts: Map<string, SampleCounts>;
  readonly pacer: Pacer;
}

export interface Evaluator {
  readonly context: QueryContext;
  /** The same, but what it evaluates counts its samples elsewhere. */
  counting(samples: SampleCounts): Evaluator;
  /** Of an expression of type vector. Label sets are distinct over all blocks. */
  vector(expr: Expr, grid: StepGrid): Blocks;
  /** Of an expression of type scalar: a value a step, none absent. */
  scalar(expr: Expr, grid: StepGrid): Promise<Float64Array>;
  string(expr: Expr): string;
  durationMs(expr: DurationExpr): number;
  /** Of a range or a step: an error where it is nothing or less. */
  positiveDurationMs(expr: DurationExpr): number;
}
