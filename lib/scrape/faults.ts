/** What ends a reading early, as endings without their counts, and counts to start from. */
import { BucketLimitError } from "../exposition/proto_body.ts";
import { ExpositionError } from "../exposition/record.ts";
import type { EmissionCounts } from "./emission.ts";
import type { ScrapeCounts, ScrapeEnding } from "./ending.ts";
import type { SampleLabels } from "./sample_labels.ts";

export type Ending = ScrapeEnding extends infer E ? E extends ScrapeEnding ? Omit<E, "counts"> : never
  : never;

/** Ends a reading from inside the reader. */
export class SampleRefused extends Error {
  constructor(readonly fault: Exclude<SampleLabels, { kind: "labels" | "dropped" }>, readonly line: number) {
    super(fault.reason);
  }
}

export const NO_COUNTS: ScrapeCounts = {
  scraped: 0,
  postRelabel: 0,
  seriesAdded: 0,
  bodyBytes: 0,
  duplicates: 0,
  outOfBounds: 0,
  staleMarkers: 0,
};

/** Undefined for what is no fault of the body. */
export function endingOf(error: unknown): Ending | undefined {
  if (error instanceof ExpositionError) return { kind: "malformed", line: error.line, reason: error.reason };
  if (error instanceof BucketLimitError) {
    return { kind: "limited", limit: "native_histogram_bucket_limit", reason: error.message };
  }
  if (!(error instanceof SampleRefused)) return undefined;
  const { fault, line } = error;
  if (fault.kind === "limited") return { kind: "limited", limit: fault.limit, reason: fault.reason };
  return { kind: "malformed", line, reason: fault.reason };
}

export function plain({ scraped, postRelabel, seriesAdded, duplicates, outOfBounds }: EmissionCounts) {
  return { scraped, postRelabel, seriesAdded, duplicates, outOfBounds };
}
