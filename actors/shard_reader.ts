/**
 * The storage shard of a process that only reads: a head that follows what another process writes (follower.ts), asked
 * by the same questions as the shard itself. It takes no samples. A store that is away leaves it as it was, and says so.
 */
import { CHILDLESS } from "../lib/actor/childless.ts";
import { reply } from "../lib/actor/effects.ts";
import type { Behavior, Decision, Effect } from "../lib/actor/types.ts";
import { messageOf } from "../lib/core/errors.ts";
import type { Log } from "../lib/core/ports.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { Followed, Follower } from "../lib/storage/follower.ts";
import type { Head } from "../lib/storage/head.ts";
import { cardinalityOf, statsOf } from "../lib/storage/head_stats.ts";
import { labelNamesOf, labelValuesOf, seriesOf } from "../lib/storage/head_listing.ts";
import { viewOf } from "../lib/storage/head_view.ts";
import { blockStats } from "../lib/storage/block_stats.ts";
import type { ShardCommand } from "./protocol/shard.ts";

/** A sample is seen so long after its writer has it in the journal. */
export const FOLLOW_INTERVAL_MS = 2_000;
const LOOK_TIMEOUT_MS = 5 * 60_000;

/** What another process may ask, and the reader's own looks. `followed` stays in this process: a head is no plain data. */
type ReaderCommand =
  | ShardCommand
  | { readonly kind: "lookDue" }
  | { readonly kind: "lookEnded"; readonly followed: Followed }
  | { readonly kind: "lookFailed"; readonly reason: string };

type ReaderEvent =
  | { readonly kind: "lookedAt"; readonly followed: Followed; readonly nowMs: EpochMs }
  | { readonly kind: "exemplarsLimited"; readonly exemplarsMax: number }
  | { readonly kind: "lookMissed" };

interface ReaderState {
  readonly head: Head;
  readonly refreshedMs: EpochMs;
  /** The last look failed: said once. */
  readonly troubled: boolean;
}

export interface ShardReaderOptions {
  /** As it was at `nowMs`. */
  readonly loaded: { readonly head: Head; readonly nowMs: EpochMs };
  readonly follower: Follower;
  readonly log: Log;
}

type ReaderDecision = Decision<ReaderCommand, ReaderEvent>;

export function shardReaderBehavior(
  { loaded, follower, log }: ShardReaderOptions,
): Behavior<ReaderState, ReaderCommand, ReaderEvent> {
  function decide(state: ReaderState, command: ReaderCommand, nowMs: EpochMs): ReaderDecision {
    const { head } = state;
    switch (command.kind) {
      case "append":
        return answer(reply(
          command.replyTo,
          command.batches.map(() => ({
            kind: "limited",
            limit: "readOnly",
            reason: "this process only reads",
          })),
        ));
      case "view": {
        const { matcherSets, range, after, labelNames } = command;
        return answer(reply(command.replyTo, viewOf(head, matcherSets, range, after, labelNames)));
      }
      case "flush": // whatever is here came out of the journal
        return answer(reply(command.replyTo, "durable"));
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
      case "blocks":
        return answer(reply(command.replyTo, blockStats(head)));
      case "deleteSeries":
      case "cleanDeletions":
      case "holdMaintenance":
        return answer(reply(command.replyTo, { kind: "failed", reason: "this process only reads" }));
      case "stats":
        return answer(reply(command.replyTo, { ...statsOf(head), refreshedMs: state.refreshedMs }));
      case "cardinality":
        return answer(reply(command.replyTo, cardinalityOf(head, command.top)));
      case "lookDue":
        return answer(look(head, nowMs));
      case "lookEnded":
        if (state.troubled) log.info("The store is followed again");
        return { events: [{ kind: "lookedAt", followed: command.followed, nowMs }], effects: [timer(nowMs)] };
      case "lookFailed":
        if (!state.troubled) log.error("Cannot follow the store; trying again", { reason: command.reason });
        return { events: [{ kind: "lookMissed" }], effects: [timer(nowMs)] };
      default: // the writer's own: nobody sends them here
        return answer();
    }
  }

  function look(head: Head, nowMs: EpochMs): Effect<ReaderCommand> {
    return {
      kind: "task",
      label: "look",
      timeoutMs: LOOK_TIMEOUT_MS,
      run: async () => ({
        kind: "lookEnded",
        followed: await follower.look(
          { lastSeq: head.nextSeq - 1, exemplarsMax: head.exemplars.max },
          nowMs,
        ),
      }),
      failed: (error) => ({ kind: "lookFailed", reason: messageOf(error) }),
    };
  }

  function evolve(state: ReaderState, event: ReaderEvent): ReaderState {
    if (event.kind === "lookMissed") return { ...state, troubled: true };
    if (event.kind === "exemplarsLimited") {
      state.head.exemplars.limit(event.exemplarsMax);
      return state;
    }
    const { followed, nowMs } = event;
    const head = followed.kind === "loaded" ? followed.head : state.head;
    if (followed.kind === "tail") takeTail(head, followed, nowMs);
    return { head, refreshedMs: nowMs, troubled: false };
  }

  return {
    name: "shard_reader",
    initial: () => ({ head: loaded.head, refreshedMs: loaded.nowMs, troubled: false }),
    decide,
    evolve,
    resume: (_state, nowMs) => [timer(nowMs)],
    persistence: { kind: "none" },
    supervision: CHILDLESS,
  };
}

/** Gaps and records in the order of their numbers. */
function takeTail(head: Head, tail: Extract<Followed, { kind: "tail" }>, nowMs: EpochMs): void {
  let gap = 0;
  for (const { seq, bytes } of tail.records) {
    for (; gap < tail.gaps.length && tail.gaps[gap]!.throughSeq < seq; gap++) head.skipGap(tail.gaps[gap]!);
    head.replay(bytes, seq);
  }
  for (; gap < tail.gaps.length; gap++) head.skipGap(tail.gaps[gap]!);
  if (tail.records.length > 0 || tail.gaps.length > 0) head.replayed(nowMs);
}

function answer(...effects: readonly Effect<ReaderCommand>[]): ReaderDecision {
  return { events: [], effects };
}

function timer(nowMs: EpochMs): Effect<ReaderCommand> {
  return { kind: "timer", key: "look", atMs: nowMs + FOLLOW_INTERVAL_MS, command: { kind: "lookDue" } };
}
