/**
 * What happened to the alerts of a group, as far back as it is kept: bounded in count and in age. Of an alert that goes
 * on longer than the log reaches, the last transition before its begin is kept, so that the state at any time within
 * is known. Changes in place; belongs to one group.
 */
import type { EpochMs } from "../core/time.ts";
import { labelsKey } from "../model/labels.ts";
import { type Matcher, matchesLabels } from "../model/matchers.ts";
import type { AlertTransition } from "./alert.ts";

/** Some ten megabytes of one group at worst: a hundred alerts that come and go fifty times each. */
export const TRANSITIONS_MAX = 10_000;
export const TRANSITIONS_AGE_MS_MAX = 30 * 24 * 3600_000;
/** What is too old or too much goes in pieces, so that a full log is not moved at every transition. */
const DROP_AT_ONCE = 500;

/** A transition, and the rule (by its key) that it belongs to. */
export interface LoggedTransition extends AlertTransition {
  readonly rule: string;
}

export type MatcherSets = readonly (readonly Matcher[])[];

export class TransitionLog {
  /** Oldest first. */
  #entries: LoggedTransition[];
  /** The last dropped transition of alerts that it left active, by rule and labels. */
  readonly #before: Map<string, LoggedTransition>;
  #droppedThroughMs: EpochMs | undefined;

  constructor(
    entries: readonly LoggedTransition[] = [],
    before: readonly LoggedTransition[] = [],
    droppedThroughMs?: EpochMs,
  ) {
    this.#entries = [...entries];
    this.#before = new Map(before.map((entry) => [idOf(entry), entry]));
    this.#droppedThroughMs = droppedThroughMs;
  }

  get entries(): readonly LoggedTransition[] {
    return this.#entries;
  }

  get before(): readonly LoggedTransition[] {
    return [...this.#before.values()];
  }

  /** Of the newest transition that was dropped: before this time not all is known. */
  get droppedThroughMs(): EpochMs | undefined {
    return this.#droppedThroughMs;
  }

  push(entries: readonly LoggedTransition[]): void {
    for (const entry of entries) this.#entries.push(entry);
    const newestMs = this.#entries.at(-1)?.atMs ?? 0;
    let excess = Math.max(0, this.#entries.length - TRANSITIONS_MAX);
    while (excess < this.#entries.length && this.#entries[excess]!.atMs < newestMs - TRANSITIONS_AGE_MS_MAX) {
      excess++;
    }
    if (excess === 0 || (excess < DROP_AT_ONCE && this.#entries.length <= TRANSITIONS_MAX)) return;
    this.#drop(Math.min(this.#entries.length, Math.max(excess, DROP_AT_ONCE)));
  }

  #drop(count: number): void {
    for (const entry of this.#entries.slice(0, count)) {
      if (entry.to === "inactive") this.#before.delete(idOf(entry));
      else this.#before.set(idOf(entry), entry);
      this.#droppedThroughMs = entry.atMs;
    }
    this.#entries = this.#entries.slice(count);
  }

  /** Both ends inside, oldest first. */
  between(startMs: EpochMs, endMs: EpochMs, matcherSets: MatcherSets): readonly LoggedTransition[] {
    return this.#entries.filter((entry) =>
      entry.atMs >= startMs && entry.atMs <= endMs && matches(entry, matcherSets)
    );
  }

  /** Of each alert that was something else than inactive, its last transition up to then. */
  at(tMs: EpochMs, matcherSets: MatcherSets): readonly LoggedTransition[] {
    const latest = new Map<string, LoggedTransition>();
    for (const entry of [...this.#before.values(), ...this.#entries]) {
      if (entry.atMs > tMs) continue;
      if (entry.to === "inactive") latest.delete(idOf(entry));
      else latest.set(idOf(entry), entry);
    }
    return [...latest.values()].filter((entry) => matches(entry, matcherSets));
  }
}

function idOf({ rule, labels }: LoggedTransition): string {
  return `${rule}\ud800${labelsKey(labels)}`;
}

function matches({ labels }: LoggedTransition, matcherSets: MatcherSets): boolean {
  return matcherSets.length === 0 || matcherSets.some((matchers) => matchesLabels(matchers, labels));
}
