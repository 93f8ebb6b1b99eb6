/**
 * How a scrape ended: one name for each ending, with the counts that the server's own metrics need. None is an
 * exception. The wording of `lastErrorOf` is Prometheus's, as the targets page and alerts show it.
 */
import { assertNever } from "../core/assert.ts";

export interface ScrapeCounts {
  /** Samples of the body, before relabelling. */
  readonly scraped: number;
  /** Samples left after metric relabelling, duplicates included. */
  readonly postRelabel: number;
  readonly seriesAdded: number;
  /** Bytes of the body; −1 when it was larger than its limit. */
  readonly bodyBytes: number;
  /** Samples of a series that the same body had already given. The first one is kept. */
  readonly duplicates: number;
  /** Samples with a timestamp of their own too far in the future; dropped. */
  readonly outOfBounds: number;
  /** Staleness markers written. */
  readonly staleMarkers: number;
}

export type ScrapeLimit =
  | "sample_limit"
  | "label_limit"
  | "label_name_length_limit"
  | "label_value_length_limit"
  | "native_histogram_bucket_limit";

export type ScrapeEnding =
  | { readonly kind: "parsed"; readonly counts: ScrapeCounts; readonly warning?: string }
  | { readonly kind: "timedOut"; readonly counts: ScrapeCounts }
  | {
    readonly kind: "refused";
    readonly status: number;
    readonly statusText: string;
    readonly counts: ScrapeCounts;
  }
  | { readonly kind: "tooLarge"; readonly bytesMax: number; readonly counts: ScrapeCounts }
  | {
    readonly kind: "malformed";
    /** From 1; 0 when the fault belongs to no line. */
    readonly line: number;
    readonly reason: string;
    readonly counts: ScrapeCounts;
  }
  | {
    readonly kind: "limited";
    readonly limit: ScrapeLimit;
    readonly reason: string;
    readonly counts: ScrapeCounts;
  }
  | { readonly kind: "unreachable"; readonly reason: string; readonly counts: ScrapeCounts }
  | { readonly kind: "badContentType"; readonly reason: string; readonly counts: ScrapeCounts };

/** What the targets page shows as the last error; empty when the scrape succeeded. */
export function lastErrorOf(ending: ScrapeEnding): string {
  switch (ending.kind) {
    case "parsed":
      return "";
    case "timedOut":
      return "context deadline exceeded";
    case "refused":
      return `server returned HTTP status ${ending.status} ${ending.statusText}`.trimEnd();
    case "tooLarge":
      return "body size limit exceeded";
    case "malformed":
      return ending.line > 0 ? `line ${ending.line}: ${ending.reason}` : ending.reason;
    case "limited":
    case "unreachable":
    case "badContentType":
      return ending.reason;
    default:
      return assertNever(ending);
  }
}
