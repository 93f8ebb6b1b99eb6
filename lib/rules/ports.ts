/** What an evaluation of rules needs of the world, and what it is told. */
import type { EpochMs } from "../core/time.ts";
import type { Labels } from "../model/labels.ts";
import type { Rule } from "./rule.ts";
import type { RuleVector } from "./vector.ts";

export interface EvaluationPorts {
  /**
   * An instant query; a scalar is one series without labels (`vectorOf` makes both of a query's result). Rejects with
   * what becomes the rule's error. `rule` is the one whose own expression it is; undefined: a template asks.
   */
  query(expr: string, tMs: EpochMs, signal: AbortSignal, rule?: Rule): Promise<RuleVector>;
  /** For how long a rule took. */
  monotonicMs(): number;
  /** Runs the rules of a stage as far side by side as there is room; undefined: one after the other. */
  readonly sideBySide?: (<T>(runs: readonly (() => Promise<T>)[]) => Promise<readonly T[]>) | undefined;
  /** A template failed and its error went into a label or an annotation. */
  templateFailed?(alertName: string, reason: string): void;
}

export interface EvaluationSettings {
  readonly externalLabels: Labels;
  /** With its path, and without a slash at its end. */
  readonly externalUrl: string;
  /** Of groups that do not say. */
  readonly queryOffsetMs: number;
}
