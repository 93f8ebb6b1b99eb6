/**
 * Every key that storage keeps in the KV. Keys are short: SQLite stores each twice. The prefix names the shard,
 * so that several may share one store. docs/formats/keys.md says what lies under each.
 */
import type { KvKey } from "../core/ports.ts";

/** The part of the store that belongs to the one shard there is, and the actor whose journal is its own. */
export const SHARD_PREFIX: KvKey = ["d", 0];
export const SHARD_ACTOR = "/storage";

export interface StorageKeys {
  /** Counts openings of the shard: the high part of every epoch. */
  readonly boots: KvKey;
  /** The journal is not needed up to this record. */
  readonly truncatedThrough: KvKey;
  readonly manifests: KvKey;
  manifest(cohort: number): KvKey;
  manifestPart(cohort: number, generation: number, part: number): KvKey;
  labels(cohort: number): KvKey;
  labelsChunk(cohort: number, firstColumn: number): KvKey;
  readonly exemplars: KvKey;
  exemplarChunk(number: number): KvKey;
  readonly pages: KvKey;
  page(cohort: number, page: number): KvKey;
  /** What was deleted and is still in pages. */
  readonly deletions: KvKey;
  cohortDeletions(cohort: number): KvKey;
  deletion(cohort: number, number: number): KvKey;
  /** There while a finished import is being made visible. */
  readonly importEnded: KvKey;
  /** Manifests of an import, which nobody sees before its end. */
  readonly imported: KvKey;
}

export function storageKeys(prefix: KvKey): StorageKeys {
  return {
    boots: [...prefix, "b"],
    truncatedThrough: [...prefix, "t"],
    manifests: [...prefix, "m"],
    manifest: (cohort) => [...prefix, "m", cohort],
    manifestPart: (cohort, generation, part) => [...prefix, "m", cohort, generation, part],
    labels: (cohort) => [...prefix, "l", cohort],
    labelsChunk: (cohort, firstColumn) => [...prefix, "l", cohort, firstColumn],
    exemplars: [...prefix, "e"],
    exemplarChunk: (number) => [...prefix, "e", number],
    pages: [...prefix, "p"],
    page: (cohort, page) => [...prefix, "p", cohort, page],
    deletions: [...prefix, "x"],
    cohortDeletions: (cohort) => [...prefix, "x", cohort],
    deletion: (cohort, number) => [...prefix, "x", cohort, number],
    importEnded: [...prefix, "d"],
    imported: [...prefix, "i"],
  };
}
