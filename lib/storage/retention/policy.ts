/**
 * How long samples are kept, as it was configured: in general, by matcher, within a size, and what is left of old
 * samples. Plain data. What it means for a page stands in due.ts.
 */
import type { StoreSpace } from "../../core/ports.ts";
import type { Matcher } from "../../model/matchers.ts";

/** The first rule whose matchers accept a series decides; the general time counts where none does. */
export interface KeepRule {
  readonly matchers: readonly Matcher[];
  readonly keepMs: number;
  /** The same for rules that mean the same. */
  readonly text: string;
}

/** As for `KeepRule`: the first one that accepts a series. */
export interface RollupRule {
  readonly matchers: readonly Matcher[];
  /** Older than this: only what a roll-up leaves. */
  readonly afterMs: number;
  readonly intervalMs: number;
  readonly text: string;
}

export interface RetentionPolicy {
  /** Counted back from the newest sample; Infinity keeps all. */
  readonly keepMs: number;
  /** Of the store on disk; 0: no limit. */
  readonly bytesMax: number;
  /** Percent of the disk, in place of `bytesMax` where it is not 0. */
  readonly diskPercentMax: number;
  readonly rules: readonly KeepRule[];
  readonly rollups: readonly RollupRule[];
}

/** Rules of one kind: their numbers share a word with those of the other kind. */
export const RULES_MAX = 250;

export function keepingFor(keepMs: number): RetentionPolicy {
  return { keepMs, bytesMax: 0, diskPercentMax: 0, rules: [], rollups: [] };
}

/** In force: 0 where there is none. */
export function limitBytesOf(policy: RetentionPolicy, space: StoreSpace): number {
  return policy.diskPercentMax > 0
    ? Math.floor(space.diskBytes * policy.diskPercentMax / 100)
    : policy.bytesMax;
}
