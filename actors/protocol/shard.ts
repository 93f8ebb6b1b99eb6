/**
 * The storage shard as others see it: what can be asked of it and what it answers. Everything here is plain data.
 */
import type { ReplyTo } from "../../lib/actor/types.ts";
import type { StoreSpace } from "../../lib/core/ports.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { AppendCounts, AppendOutcome, SampleBatch } from "../../lib/model/batch.ts";
import type { Labels } from "../../lib/model/labels.ts";
import type { Matcher } from "../../lib/model/matchers.ts";
import type { AppendEvent } from "../../lib/storage/append.ts";
import type { ExemplarSeries } from "../../lib/model/exemplar.ts";
import type { BlockStats } from "../../lib/storage/block_stats.ts";
import type { CleanDone } from "../../lib/storage/clean_deletions.ts";
import type { Deletion } from "../../lib/storage/deletions.ts";
import type { ListingCursor, ListingPart } from "../../lib/storage/head_listing.ts";
import type { RetentionPolicy } from "../../lib/storage/retention/policy.ts";
import type { FrozenCohort, MaintenanceDone } from "../../lib/storage/maintenance.ts";
import type { TimeRange } from "../../lib/storage/source.ts";
import type { CardinalityTables, StorageStats } from "../../lib/storage/stats.ts";
import type { HeadView } from "../../lib/storage/view.ts";

export type ShardCommand =
  /** Ownership of the arrays passes with the message. One outcome a batch, in order. */
  | {
    readonly kind: "append";
    readonly batches: readonly SampleBatch[];
    /** All batches or none: for remote write, which rolls a request back as a whole. */
    readonly atomic: boolean;
    /** Answer only once the samples would survive a crash. */
    readonly durable: boolean;
    readonly replyTo: ReplyTo<readonly AppendOutcome[]>;
  }
  | {
    readonly kind: "view";
    readonly matcherSets: readonly (readonly Matcher[])[];
    readonly range: TimeRange;
    /** 0 for the first part of the view, then `next` of the part before. */
    readonly after: number;
    /** Label sets may lack all labels but these. Undefined: whole. */
    readonly labelNames?: readonly string[] | undefined;
    readonly replyTo: ReplyTo<HeadView>;
  }
  /** Answered once everything appended before would survive a crash. */
  | { readonly kind: "flush"; readonly replyTo: ReplyTo<"durable"> }
  | {
    readonly kind: "series";
    readonly matcherSets: readonly (readonly Matcher[])[];
    readonly range: TimeRange;
    /** Where the part before ended; undefined for the first. */
    readonly cursor?: ListingCursor | undefined;
    readonly replyTo: ReplyTo<ListingPart<Labels>>;
  }
  | {
    readonly kind: "labelNames";
    readonly matcherSets: readonly (readonly Matcher[])[];
    readonly range: TimeRange;
    /** Where the part before ended; undefined for the first. */
    readonly cursor?: ListingCursor | undefined;
    readonly replyTo: ReplyTo<ListingPart<string>>;
  }
  | {
    readonly kind: "labelValues";
    readonly name: string;
    readonly matcherSets: readonly (readonly Matcher[])[];
    readonly range: TimeRange;
    /** Where the part before ended; undefined for the first. */
    readonly cursor?: ListingCursor | undefined;
    readonly replyTo: ReplyTo<ListingPart<string>>;
  }
  | {
    readonly kind: "exemplars";
    readonly matcherSets: readonly (readonly Matcher[])[];
    readonly range: TimeRange;
    readonly replyTo: ReplyTo<readonly ExemplarSeries[]>;
  }
  /** How many exemplars are kept from now on. */
  | { readonly kind: "limitExemplars"; readonly exemplarsMax: number }
  /** How much older than the newest sample one may be that comes out of order, from now on. */
  | { readonly kind: "setLateWindow"; readonly lateWindowMs: number }
  | { readonly kind: "stats"; readonly replyTo: ReplyTo<StorageStats> }
  | { readonly kind: "cardinality"; readonly top: number; readonly replyTo: ReplyTo<CardinalityTables> }
  /** The source of this cohort is gone: its window is sealed soon and its memory given back. */
  | { readonly kind: "releaseCohort"; readonly cohort: string }
  /** Hides what matches, in a closed range; answered once that would survive a crash. */
  | {
    readonly kind: "deleteSeries";
    readonly matcherSets: readonly (readonly Matcher[])[];
    readonly range: TimeRange;
    readonly replyTo: ReplyTo<AdminOutcome>;
  }
  | {
    readonly kind: "deletionsKept";
    readonly deletions: readonly Deletion[];
    readonly replyTo: ReplyTo<AdminOutcome>;
  }
  /** Takes what is hidden out of the pages. */
  | { readonly kind: "cleanDeletions"; readonly replyTo: ReplyTo<AdminOutcome> }
  | {
    readonly kind: "deletionsCleaned";
    readonly done: readonly CleanDone[];
    readonly replyTo: ReplyTo<AdminOutcome>;
  }
  | { readonly kind: "deletionsDropped"; readonly replyTo: ReplyTo<AdminOutcome> }
  /** From the answer to `resumeMaintenance` on, nothing under the shard's keys is changed but the journal's end. */
  | { readonly kind: "holdMaintenance"; readonly replyTo: ReplyTo<AdminOutcome> }
  | { readonly kind: "resumeMaintenance" }
  | {
    readonly kind: "adminFailed";
    readonly reason: string;
    /** Maintenance was held for it. */
    readonly held: boolean;
    readonly replyTo: ReplyTo<AdminOutcome>;
  }
  | { readonly kind: "blocks"; readonly replyTo: ReplyTo<readonly BlockStats[]> }
  /** From now on; answered once it is in force. */
  | {
    readonly kind: "setRetention";
    readonly policy: RetentionPolicy;
    readonly replyTo: ReplyTo<"applied">;
  }
  | { readonly kind: "spaceDue" }
  | { readonly kind: "spaceMeasured"; readonly space: StoreSpace }
  | { readonly kind: "spaceUnknown"; readonly reason: string }
  | { readonly kind: "maintenanceDue" }
  | { readonly kind: "retentionDue" }
  | { readonly kind: "maintenanceEnded"; readonly done: MaintenanceDone }
  | { readonly kind: "maintenanceFailed"; readonly reason: string };

/** `busy`: maintenance is under way; ask again. */
export type AdminOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "busy" }
  | { readonly kind: "failed"; readonly reason: string };

export type ShardEvent =
  | AppendEvent
  | { readonly kind: "cohortReleased"; readonly cohort: number }
  | { readonly kind: "exemplarsLimited"; readonly exemplarsMax: number }
  | { readonly kind: "lateWindowSet"; readonly lateWindowMs: number }
  /** Of an append of which nothing was kept. */
  | { readonly kind: "samplesRefused"; readonly counts: AppendCounts }
  | { readonly kind: "seriesDeleted"; readonly deletions: readonly Deletion[] }
  | { readonly kind: "maintenanceHeld" }
  /** `uncertain`: manifests may have been written that the head does not know of. */
  | { readonly kind: "maintenanceResumed"; readonly uncertain: boolean }
  | { readonly kind: "deletionsCleaned"; readonly done: readonly CleanDone[]; readonly nowMs: EpochMs }
  | { readonly kind: "maintenanceAsked"; readonly atMs: EpochMs }
  | { readonly kind: "maintenanceIdle" }
  | {
    readonly kind: "maintenanceStarted";
    readonly frozen: readonly FrozenCohort[];
  }
  | { readonly kind: "maintenanceCompleted"; readonly done: MaintenanceDone; readonly nowMs: EpochMs }
  | { readonly kind: "maintenanceAbandoned"; readonly reason: string }
  /** Its newest sample is from a future that a wrong clock wrote. */
  | { readonly kind: "cohortRenounced"; readonly cohort: number }
  | { readonly kind: "appendsRefused"; readonly count: number; readonly nowMs: EpochMs }
  | { readonly kind: "ingestResumed" }
  | { readonly kind: "clockSeen"; readonly nowMs: EpochMs }
  | { readonly kind: "retentionSet"; readonly policy: RetentionPolicy }
  | { readonly kind: "spaceMeasured"; readonly space: StoreSpace }
  | { readonly kind: "seriesExpired"; readonly newestMs: EpochMs };
