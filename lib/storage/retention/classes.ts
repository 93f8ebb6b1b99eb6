/**
 * Which rules hold for a series. A class is a pair of rules, one of how long and one of roll-up; series are
 * classed all at once through the index, at each look of retention, and those that came since then at the next.
 */
import type { Matcher } from "../../model/matchers.ts";
import { type Cohort, REMOVED_SERIES } from "../cohort.ts";
import type { SeriesTable } from "../series_table.ts";
import type { RetentionPolicy } from "./policy.ts";

/** A class is the number of its keep rule × this + that of its roll-up rule; rules count from 1, 0 is none. */
const ROLLUP_CLASSES = 256;

export function keepRuleOf(seriesClass: number): number {
  return seriesClass >> 8;
}

export function rollupRuleOf(seriesClass: number): number {
  return seriesClass & 0xff;
}

/** The classes of one cohort's columns, up to the width that it had. */
export interface CohortClasses {
  /** Each once, ascending. Empty where all its series are gone. */
  readonly classes: readonly number[];
  readonly width: number;
}

export class SeriesClasses {
  readonly #classOf: Uint16Array;
  readonly #table: SeriesTable;
  readonly #byCohort = new Map<number, CohortClasses>();

  constructor(table: SeriesTable, policy: RetentionPolicy) {
    this.#table = table;
    this.#classOf = new Uint16Array(table.count);
    // From the last rule to the first, which so has the last word.
    for (let rule = policy.rules.length; rule > 0; rule--) {
      this.#set(policy.rules[rule - 1]!.matchers, 0xff, rule * ROLLUP_CLASSES);
    }
    for (let rule = policy.rollups.length; rule > 0; rule--) {
      this.#set(policy.rollups[rule - 1]!.matchers, 0xff00, rule);
    }
  }

  #set(matchers: readonly Matcher[], keepMask: number, bits: number): void {
    const classOf = this.#classOf;
    if (matchers.length === 0) {
      for (let i = 0; i < classOf.length; i++) classOf[i] = classOf[i]! & keepMask | bits;
      return;
    }
    const ids = this.#table.index.resolve(matchers, () => this.#table.all());
    for (let i = 0; i < ids.length; i++) classOf[ids[i]!] = classOf[ids[i]!]! & keepMask | bits;
  }

  /** Undefined for a series that came after the classing. */
  classOf(series: number): number | undefined {
    return this.#classOf[series];
  }

  /** Of its columns so far; the answer stays as it is until the next classing. */
  of(cohort: Cohort): CohortClasses {
    const known = this.#byCohort.get(cohort.id);
    if (known !== undefined) return known;
    const found = new Set<number>();
    let width = 0;
    for (; width < cohort.width; width++) {
      const series = cohort.seriesOf[width]!;
      if (series === REMOVED_SERIES) continue;
      const seriesClass = this.#classOf[series];
      if (seriesClass === undefined) break;
      found.add(seriesClass);
    }
    const classes = { classes: [...found].sort((a, b) => a - b), width };
    this.#byCohort.set(cohort.id, classes);
    return classes;
  }
}
