/**
 * The storage shard: a head, its journal, and the work that brings it to the store. Samples are folded at once
 * and journalled in groups; full windows are sealed by a task, after what they hold is durable. Owns everything
 * under its prefix of the KV but the journal itself, which the runtime keeps.
 */
import { reply } from "../lib/actor/effects.ts";
import type { Behavior, Decision, Effect } from "../lib/actor/types.ts";
import { CorruptRecordError } from "../lib/actor/journal_errors.ts";
import { assertNever } from "../lib/core/assert.ts";
import { messageOf } from "../lib/core/errors.ts";
import type { StoreSpace } from "../lib/core/ports.ts";
import type { EpochMs } from "../lib/core/time.ts";
import { type AppendOutcome, STORE_LIMITS } from "../lib/model/batch.ts";
import { blockStats } from "../lib/storage/block_stats.ts";
import { completeClean, dropDeletions, planClean, runClean } from "../lib/storage/clean_deletions.ts";
import { applyDeletions, keepDeletions, planDeletions } from "../lib/storage/deletions.ts";
import { CorruptDataError } from "../lib/storage/errors.ts";
import { countSamples, refusedSample } from "../lib/storage/head_counters.ts";
import { Head } from "../lib/storage/head.ts";
import { HEAD_DEFAULTS, type HeadOptions } from "../lib/storage/head_options.ts";
import { cardinalityOf, statsOf } from "../lib/storage/head_stats.ts";
import { labelNamesOf, labelValuesOf, seriesOf } from "../lib/storage/head_listing.ts";
import { viewOf } from "../lib/storage/head_view.ts";
import { expireSeries } from "../lib/storage/expire_series.ts";
import {
  abandon,
  complete,
  freeze,
  frozenOf,
  planMaintenance,
  RUN_CELLS_MAX,
} from "../lib/storage/maintenance.ts";
import { runMaintenance } from "../lib/storage/maintenance_run.ts";
import { outlived } from "../lib/storage/succession.ts";
import { openHead } from "../lib/storage/open.ts";
import { renouncedBy } from "../lib/storage/renounced.ts";
import type { ShardOptions } from "../lib/storage/shard_options.ts";
import { keepingFor, limitBytesOf } from "../lib/storage/retention/policy.ts";
import type { ShardCommand, ShardEvent } from "./protocol/shard.ts";

/** A sample may be lost to a crash for so long after it was taken. */
export const JOURNAL_FLUSH_MS = 1_000;
/** A commit's worth. */
export const JOURNAL_FLUSH_BYTES_MAX = 600 * 1024;
const MAINTENANCE_TICK_MS = 10_000;
/**
 * Full windows wait so long for others: a run costs some commits, and looks at all cohorts, whatever it seals. Enough
 * of them for a whole run wait for nobody.
 */
const MAINTENANCE_GATHER_MS = 5_000;
/** After a failed run: the store may be full or away. */
const MAINTENANCE_RETRY_MS = 5_000;
const RETENTION_TICK_MS = 5 * 60_000;
/** Under a limit of size: what comes in between two looks must fit the room that is kept free. */
const SPACE_TICK_MS = 2_000;
const MAINTENANCE_TIMEOUT_MS = 5 * 60_000;
/** Appends of a large fleet that may wait while a run encodes. */
const SHARD_MAILBOX_CAPACITY = 16_384;

type ShardDecision = Decision<ShardCommand, ShardEvent>;
type ShardEffect = Effect<ShardCommand>;

const NOTHING: ShardDecision = { events: [], effects: [] };

export function shardBehavior(options: ShardOptions): Behavior<Head, ShardCommand, ShardEvent> {
  const headOptions: HeadOptions = { ...HEAD_DEFAULTS, ...options.head };
  const checks = options.checks ?? (() => []);
  const ports = { kv: options.kv, keys: options.keys, log: options.log, checks };

  /** What retention counts back from. */
  function newestMs(head: Head): EpochMs {
    return Math.min(head.maxMs, head.trustedTime.nowMs);
  }

  function decide(head: Head, command: ShardCommand, nowMs: EpochMs): ShardDecision {
    switch (command.kind) {
      case "append":
        return onAppend(head, command, nowMs);
      case "view": {
        const { matcherSets, range, after, labelNames } = command;
        return answer(reply(command.replyTo, viewOf(head, matcherSets, range, after, labelNames)));
      }
      case "flush":
        return answer({ kind: "whenDurable", effects: [reply(command.replyTo, "durable")] });
      case "series": {
        const { matcherSets, range, cursor } = command;
        return answer(reply(command.replyTo, seriesOf(head, matcherSets, range, cursor)));
      }
      case "labelNames": {
        const { matcherSets, range, cursor } = command;
        return answer(reply(command.replyTo, labelNamesOf(head, matcherSets, range, cursor)));
      }
      case "labelValues": {
        const { name, matcherSets, range, cursor } = command;
        return answer(reply(command.replyTo, labelValuesOf(head, name, matcherSets, range, cursor)));
      }
      case "exemplars":
        return answer(reply(command.replyTo, head.exemplars.select(command.matcherSets, command.range)));
      case "limitExemplars":
        return { events: [{ kind: "exemplarsLimited", exemplarsMax: command.exemplarsMax }], effects: [] };
      case "setLateWindow":
        return { events: [{ kind: "lateWindowSet", lateWindowMs: command.lateWindowMs }], effects: [] };
      case "stats":
        return answer(reply(command.replyTo, statsOf(head)));
      case "cardinality":
        return answer(reply(command.replyTo, cardinalityOf(head, command.top)));
      case "releaseCohort":
        return onReleaseCohort(head, command.cohort);
      case "deleteSeries":
        return onDeleteSeries(head, command);
      case "deletionsKept":
        return {
          events: [{ kind: "seriesDeleted", deletions: command.deletions }],
          effects: [reply(command.replyTo, { kind: "done" })],
        };
      case "cleanDeletions":
        return onCleanDeletions(head, command, nowMs);
      case "deletionsCleaned":
        return onDeletionsCleaned(head, command, nowMs);
      case "deletionsDropped":
        return answer(reply(command.replyTo, { kind: "done" }));
      case "adminFailed":
        return {
          events: command.held ? [{ kind: "maintenanceResumed", uncertain: true }] : [],
          effects: [reply(command.replyTo, { kind: "failed", reason: command.reason })],
        };
      case "holdMaintenance":
        if (head.maintenanceRunning) return answer(reply(command.replyTo, { kind: "busy" }));
        return {
          events: [{ kind: "maintenanceHeld" }],
          effects: [{ kind: "whenDurable", effects: [reply(command.replyTo, { kind: "done" })] }],
        };
      case "resumeMaintenance":
        return { events: [{ kind: "maintenanceResumed", uncertain: false }], effects: [] };
      case "blocks":
        return answer(reply(command.replyTo, blockStats(head)));
      case "maintenanceDue":
        return onMaintenanceDue(head, nowMs);
      case "retentionDue":
        return {
          events: [{ kind: "clockSeen", nowMs }, { kind: "seriesExpired", newestMs: newestMs(head) }],
          effects: [timer("retention", nowMs + RETENTION_TICK_MS)],
        };
      case "setRetention":
        return {
          events: [
            { kind: "retentionSet", policy: command.policy },
            { kind: "seriesExpired", newestMs: newestMs(head) },
          ],
          effects: [reply(command.replyTo, "applied"), timer("space", nowMs)],
        };
      case "spaceDue":
        return onSpaceDue(head, nowMs);
      case "spaceMeasured":
        return onSpaceMeasured(head, command.space, nowMs);
      case "spaceUnknown":
        options.log.warn("Cannot tell how full the store is", { reason: command.reason });
        return NOTHING;
      case "maintenanceEnded":
        return {
          events: [{ kind: "maintenanceCompleted", done: command.done, nowMs }],
          effects: [
            timer("maintenance", command.done.more ? nowMs : nextRunMs(head, nowMs)),
            ...command.done.truncatedThrough > head.truncatedThrough
              ? [{ kind: "truncate", throughSeq: command.done.truncatedThrough } as const]
              : [],
          ],
        };
      case "maintenanceFailed":
        options.log.error("Cannot write samples to the store", { reason: command.reason });
        return {
          events: [{ kind: "maintenanceAbandoned", reason: command.reason }],
          effects: [timer("maintenance", nowMs + MAINTENANCE_RETRY_MS)],
        };
      default:
        return assertNever(command);
    }
  }

  function onAppend(
    head: Head,
    command: Extract<ShardCommand, { readonly kind: "append" }>,
    nowMs: EpochMs,
  ): ShardDecision {
    const renounced = renouncedBy(head, command.batches, nowMs);
    if (renounced.length > 0) {
      return {
        events: renounced.map((cohort) => ({ kind: "cohortRenounced", cohort })),
        effects: [reply(command.replyTo, command.batches.map(() => ({ kind: "wrongEpoch", epoch: 0 })))],
      };
    }
    const { outcomes, events: appended } = head.judge(command.batches, command.atomic, nowMs);
    const refused = refusedSample(outcomes);
    const events: readonly ShardEvent[] = [
      ...appended,
      ...refused === undefined ? [] : [{ kind: "samplesRefused", counts: refused } as const],
      ...ingestNews(head, outcomes, nowMs),
    ];
    const answered = reply(command.replyTo, outcomes);
    const effect: ShardEffect = command.durable ? { kind: "whenDurable", effects: [answered] } : answered;
    if (head.due.size === 0 || head.maintenanceRunning) return { events, effects: [effect] };
    const atMs = nextRunMs(head, nowMs);
    if (atMs >= head.maintenanceAskedMs) return { events, effects: [effect] };
    // Never in this decision: the batch was judged against the head before a freeze.
    return {
      events: [...events, { kind: "maintenanceAsked", atMs }],
      effects: [effect, timer("maintenance", atMs)],
    };
  }

  function nextRunMs(head: Head, nowMs: EpochMs): EpochMs {
    if (head.due.size === 0) return nowMs + MAINTENANCE_TICK_MS;
    const isEnough = head.dueCells >= RUN_CELLS_MAX || head.windowBytes * 2 > headOptions.windowBytesMax;
    return isEnough ? nowMs : nowMs + MAINTENANCE_GATHER_MS;
  }

  /** One line in the log when the store stops keeping up, and one when it does again. */
  function ingestNews(head: Head, outcomes: readonly AppendOutcome[], nowMs: EpochMs): readonly ShardEvent[] {
    const refused = outcomes.filter((o) => o.kind === "limited" && STORE_LIMITS.has(o.limit));
    const [first] = refused;
    if (first?.kind === "limited") {
      if (head.ingestStopped === undefined) {
        options.log.error("Ingest stops until the store keeps up", { reason: first.reason });
      }
      return [{ kind: "appendsRefused", count: refused.length, nowMs }];
    }
    if (head.ingestStopped === undefined || !outcomes.some(({ kind }) => kind === "appended")) return [];
    const seconds = Math.round((nowMs - head.ingestStopped.sinceMs) / 1000);
    options.log.info("Ingest goes on", { seconds, refused: head.counters.appendsRefused });
    return [{ kind: "ingestResumed" }];
  }

  function onReleaseCohort(head: Head, name: string): ShardDecision {
    const cohort = head.byName.get(name);
    return cohort === undefined ? NOTHING : { events: [{ kind: "cohortReleased", cohort }], effects: [] };
  }

  function onDeleteSeries(
    head: Head,
    { matcherSets, range, replyTo }: Extract<ShardCommand, { readonly kind: "deleteSeries" }>,
  ): ShardDecision {
    const deletions = planDeletions(head, matcherSets, range);
    if (deletions.length === 0) return answer(reply(replyTo, { kind: "done" }));
    const { fence } = head;
    return answer({
      kind: "task",
      label: "delete series",
      timeoutMs: MAINTENANCE_TIMEOUT_MS,
      run: async () => {
        await keepDeletions(deletions, { ...ports, checks: () => [...checks(), fence] });
        return { kind: "deletionsKept", deletions, replyTo };
      },
      failed: (error) => ({ kind: "adminFailed", reason: messageOf(error), held: false, replyTo }),
    });
  }

  function onCleanDeletions(
    head: Head,
    { replyTo }: Extract<ShardCommand, { readonly kind: "cleanDeletions" }>,
    nowMs: EpochMs,
  ): ShardDecision {
    if (head.maintenanceRunning) return answer(reply(replyTo, { kind: "busy" }));
    const parts = planClean(head);
    if (parts.length === 0) return answer(reply(replyTo, { kind: "done" }));
    const { yieldToLoop } = options;
    const { fence } = head;
    return {
      events: [{ kind: "maintenanceHeld" }],
      effects: [{
        kind: "task",
        label: "clean deletions",
        timeoutMs: MAINTENANCE_TIMEOUT_MS,
        run: async () => {
          const runPorts = { ...ports, checks: () => [...checks(), fence], nowMs, yieldToLoop };
          return { kind: "deletionsCleaned", done: await runClean(parts, runPorts), replyTo };
        },
        failed: (error) => ({ kind: "adminFailed", reason: messageOf(error), held: true, replyTo }),
      }],
    };
  }

  function onDeletionsCleaned(
    head: Head,
    { done, replyTo }: Extract<ShardCommand, { readonly kind: "deletionsCleaned" }>,
    nowMs: EpochMs,
  ): ShardDecision {
    const { fence } = head;
    return {
      events: [{ kind: "deletionsCleaned", done, nowMs }],
      effects: [{
        kind: "task",
        label: "drop deletions",
        timeoutMs: MAINTENANCE_TIMEOUT_MS,
        run: async () => {
          await dropDeletions(done, { ...ports, checks: () => [...checks(), fence] });
          return { kind: "deletionsDropped", replyTo };
        },
        failed: (error) => ({ kind: "adminFailed", reason: messageOf(error), held: false, replyTo }),
      }],
    };
  }

  function onMaintenanceDue(head: Head, nowMs: EpochMs): ShardDecision {
    const next = timer("maintenance", nowMs + MAINTENANCE_TICK_MS);
    const plan = head.maintenanceRunning
      ? undefined
      : planMaintenance(head, { nowMs, newestMs: newestMs(head) });
    if (plan === undefined) return { events: [{ kind: "maintenanceIdle" }], effects: [next] };
    const { yieldToLoop } = options;
    const runPorts = { ...ports, yieldToLoop };
    const task: ShardEffect = {
      kind: "task",
      label: "maintenance",
      timeoutMs: MAINTENANCE_TIMEOUT_MS,
      run: async (signal) => ({
        kind: "maintenanceEnded",
        done: await runMaintenance(plan, runPorts, signal),
      }),
      failed: (error) => ({ kind: "maintenanceFailed", reason: messageOf(error) }),
    };
    return {
      events: [{ kind: "maintenanceStarted", frozen: frozenOf(plan) }],
      // Not before the records are durable: a manifest must not be ahead of the journal.
      effects: [next, { kind: "whenDurable", effects: [task] }],
    };
  }

  function onSpaceDue(head: Head, nowMs: EpochMs): ShardDecision {
    const { storeSpace } = options;
    if (storeSpace === undefined || !head.retention.hasSizeLimit) return NOTHING;
    return answer(timer("space", nowMs + SPACE_TICK_MS), {
      kind: "task",
      label: "measure the store",
      timeoutMs: MAINTENANCE_TICK_MS,
      run: async () => ({ kind: "spaceMeasured", space: await storeSpace() }),
      failed: (error) => ({ kind: "spaceUnknown", reason: messageOf(error) }),
    });
  }

  function onSpaceMeasured(head: Head, space: StoreSpace, nowMs: EpochMs): ShardDecision {
    const { retention } = head;
    if (!retention.overfull && retention.isOverfull(space, head.cohorts.values())) {
      const limits = { usedBytes: space.usedBytes, limitBytes: limitBytesOf(retention.policy, space) };
      options.log.warn(
        "The store is larger than its limit, and no sealed samples are left to delete",
        limits,
      );
    }
    // What has to leave for it leaves at once.
    const effects = retention.isPressed(space) ? [timer("maintenance", nowMs)] : [];
    return { events: [{ kind: "spaceMeasured", space }], effects };
  }

  function evolve(head: Head, event: ShardEvent): Head {
    switch (event.kind) {
      case "batchAppended":
        head.append(event);
        return head;
      case "cohortReleased": {
        const cohort = head.cohorts.get(event.cohort);
        if (cohort !== undefined) cohort.released = true;
        return head;
      }
      case "exemplarsLimited":
        head.exemplars.limit(event.exemplarsMax);
        return head;
      case "lateWindowSet":
        head.lateWindowMs = event.lateWindowMs;
        return head;
      case "samplesRefused":
        countSamples(head.counters, event.counts);
        return head;
      case "seriesDeleted":
        applyDeletions(head, event.deletions);
        return head;
      case "maintenanceHeld":
        head.maintenanceRunning = true;
        return head;
      case "maintenanceResumed":
        head.maintenanceRunning = false;
        if (event.uncertain) {
          for (const number of head.deletions.keys()) {
            const cohort = head.cohorts.get(number);
            if (cohort !== undefined) cohort.uncertain = true;
          }
        }
        return head;
      case "deletionsCleaned":
        head.maintenanceRunning = false;
        completeClean(head, event.done, event.nowMs);
        return head;
      case "maintenanceAsked":
        head.maintenanceAskedMs = event.atMs;
        return head;
      case "maintenanceIdle":
        head.maintenanceAskedMs = Infinity;
        return head;
      case "maintenanceStarted":
        freeze(head, event.frozen);
        return head;
      case "maintenanceCompleted":
        complete(head, event.done, event.nowMs);
        return head;
      case "maintenanceAbandoned":
        abandon(head, event.reason);
        return head;
      case "cohortRenounced": {
        const cohort = head.cohorts.get(event.cohort);
        if (cohort !== undefined) head.renounce(cohort);
        return head;
      }
      case "appendsRefused":
        head.counters.appendsRefused += event.count;
        head.ingestStopped ??= { sinceMs: event.nowMs };
        return head;
      case "ingestResumed":
        head.ingestStopped = undefined;
        return head;
      case "clockSeen":
        head.trustedTime.look(event.nowMs);
        return head;
      case "seriesExpired":
        expireSeries(head, event.newestMs);
        for (const cohort of outlived(head)) head.renounce(cohort);
        return head;
      case "retentionSet":
        head.retention.use(event.policy, head.series);
        return head;
      case "spaceMeasured":
        head.retention.measured(event.space, head.cohorts);
        return head;
      default:
        return assertNever(event);
    }
  }

  return {
    name: "shard",
    initial: () => new Head(0, headOptions),
    decide,
    evolve,
    resume(head, nowMs) {
      head.replayed(nowMs);
      head.trustedTime.start(nowMs, head.maxMs);
      if (head.counters.journalGaps > 0) {
        options.log.error("Samples were passed over in the replay, since the journal is damaged", {
          gaps: head.counters.journalGaps,
          recordsPassedOver: head.counters.journalRecordsSkipped,
        });
      }
      // Retention first: what was replayed is not judged by rules before.
      const atMs = nowMs + MAINTENANCE_RETRY_MS;
      return [timer("retention", atMs), timer("maintenance", atMs), timer("space", atMs)];
    },
    persistence: {
      kind: "behind",
      flushMs: JOURNAL_FLUSH_MS,
      flushBytesMax: JOURNAL_FLUSH_BYTES_MAX,
      open: async () => {
        const { head, afterSeq } = await openHead({ ...ports, clock: options.clock }, headOptions);
        options.replaying?.(afterSeq, afterSeq + 1);
        head.retention.use(options.retention ?? keepingFor(options.retentionMs ?? Infinity), head.series);
        return { state: head, afterSeq };
      },
      pendingBytes: (head) => head.pendingBytes,
      drain: (head, firstSeq) => head.drain(firstSeq),
      replay: (head, record, seq) => {
        try {
          options.replaying?.(seq, head.truncatedThrough + 1);
          head.replay(record, seq);
        } catch (error) {
          if (!(error instanceof CorruptDataError)) throw error;
          throw new CorruptRecordError(`Record ${seq} of the shard: ${error.message}`, { cause: error });
        }
        return head;
      },
      damaged: (head, gap) => {
        options.log.error("Records of the journal cannot be read", { ...gap });
        head.skipGap(gap);
        return head;
      },
    },
    supervision: {
      scope: "oneForOne",
      restartsMax: 0,
      windowMs: 1,
      backoffMs: { min: 1, max: 1 },
      directive: () => "escalate",
    },
    mailboxCapacity: SHARD_MAILBOX_CAPACITY,
  };
}

function answer(...effects: readonly ShardEffect[]): ShardDecision {
  return { events: [], effects };
}

function timer(key: "space" | "maintenance" | "retention", atMs: EpochMs): ShardEffect {
  return { kind: "timer", key, atMs, command: { kind: `${key}Due` } };
}
