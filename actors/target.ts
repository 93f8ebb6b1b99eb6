/**
 * One scrape target: it keeps its place in the schedule, scrapes, hands the samples to storage and remembers when
 * it went up and down. The parsing and its tables are the session's, the connection is the client's; both are
 * resources of this actor alone and are made anew when it restarts.
 */
import { CHILDLESS } from "../lib/actor/childless.ts";
import { ask, reply, tell } from "../lib/actor/effects.ts";
import { jsonCodec } from "../lib/actor/json_codec.ts";
import type { ActorRef, Behavior, Codec, Decision, Effect } from "../lib/actor/types.ts";
import type { ScrapeConfig } from "../lib/config/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import { messageOf, UserError } from "../lib/core/errors.ts";
import type { Clock, Files, HttpClient, HttpClients, HttpGet, HttpOutcome, Log } from "../lib/core/ports.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { DiscoveredTarget } from "../lib/discovery/targets.ts";
import { type AppendCounts, type AppendOutcome, type SampleBatch, STORE_LIMITS } from "../lib/model/batch.ts";
import { lastErrorOf, type ScrapeEnding } from "../lib/scrape/ending.ts";

import { cohortName } from "../lib/scrape/target_name.ts";
import { firstScrapeMs, nextScrapeMs, scrapeOffsetMs, snappedMs } from "../lib/scrape/schedule.ts";
import { type Digest, ScrapeSession } from "../lib/scrape/session.ts";
import { isFixedRequest, requestOf, settingsOf } from "../lib/scrape/from_config.ts";
import type {
  ScrapePoolCommand,
  ScrapeTallies,
  TargetCommand,
  TargetEvent,
  TargetHealth,
} from "./protocol/scrape.ts";
import type { ShardCommand } from "./protocol/shard.ts";

/** Storage answers in milliseconds; when it does not for this long, the scrape's samples are given up. */
const APPEND_TIMEOUT_MS = 30_000;
/** The client keeps to the scrape timeout itself; a deadline of ours stands behind it. */
const REQUEST_GRACE_MS = 5_000;
/** A target may bring a million new series, and share the event loop with others that do. */
const DIGEST_TIMEOUT_MS = 60_000;
/** The last markers wait so long for storage's answer to the last scrape, and ask again. */
const END_OF_RUN_PAUSE_MS = 1_000;
const SNAPSHOT_EVERY = 100;

export interface TargetDeps {
  readonly storage: ActorRef<ShardCommand>;
  readonly clients: HttpClients;
  readonly files: Files;
  readonly clock: Clock;
  /** Storage keeps exemplars. */
  readonly keepsExemplars: boolean;
  readonly yieldToLoop: () => Promise<void>;
  readonly log: Log;
  readonly userAgent: string;
  /** Whether series get their type and unit as labels. Undefined: no. */
  readonly typeAndUnitLabels?: boolean;
  /** Durations between the starts of two scrapes, for `prometheus_target_interval_length_seconds`. */
  readonly observeInterval: (intervalMs: number, actualMs: number) => void;
}

export interface TargetOptions {
  readonly target: DiscoveredTarget;
  /** Spawn name, and what the pool knows it by. */
  readonly name: string;
  readonly config: ScrapeConfig;
  readonly offsetSeed: number;
  readonly pool: ActorRef<ScrapePoolCommand>;
  /** As by the command `force`, from the first scrape on. */
  readonly forced: string | undefined;
  readonly deps: TargetDeps;
}

interface TargetState {
  readonly health: TargetHealth;
  readonly reason: string;
  readonly inFlight: boolean;
  readonly startedMs: EpochMs | undefined;
  readonly forced: string | undefined;
  readonly retiredMs: EpochMs | undefined;
  readonly skipped: number;
}

/** The last markers: written at `atMs`, stamped with `tMs`. */
interface EndOfRun {
  readonly atMs: EpochMs;
  readonly tMs: EpochMs;
}

type TargetDecision = Decision<TargetCommand, TargetEvent>;

const NEW_TARGET: TargetState = {
  health: "unknown",
  reason: "",
  inFlight: false,
  startedMs: undefined,
  forced: undefined,
  retiredMs: undefined,
  skipped: 0,
};

interface Resources {
  readonly session: ScrapeSession;
  readonly client: HttpClient;
}

export function targetBehavior(options: TargetOptions): Behavior<TargetState, TargetCommand, TargetEvent> {
  const { target, config, deps } = options;
  const intervalMs = target.scrapeIntervalMs;
  const offsetMs = scrapeOffsetMs({
    targetLabels: target.labels,
    url: target.url,
    seed: options.offsetSeed,
    intervalMs,
  });
  const settings = settingsOf(config, {
    scrapeTimeoutMs: target.scrapeTimeoutMs,
    keepsExemplars: deps.keepsExemplars,
    typeAndUnitLabels: deps.typeAndUnitLabels ?? false,
  });
  const cohort = cohortName(config.jobName, options.name);
  const self: ActorRef<TargetCommand> = { path: `${options.pool.path}/${options.name}` };
  /** What the pool has told: it outlives a restart of the target, which the pool does not hear of. */
  const orders: { forced: string | undefined; endOfRun: EndOfRun | undefined } = {
    forced: options.forced,
    endOfRun: undefined,
  };
  const pacing = { monotonicMs: () => deps.clock.monotonicMs(), yieldToLoop: deps.yieldToLoop };
  const requestTimeoutMs = target.scrapeTimeoutMs + REQUEST_GRACE_MS;
  const fixedRequest = isFixedRequest(config);
  let request: HttpGet | undefined;
  let scraped = false;
  let resources: Resources | undefined;

  function newState(known: Pick<TargetState, "health" | "reason"> = NEW_TARGET): TargetState {
    return { ...NEW_TARGET, health: known.health, reason: known.reason, forced: orders.forced };
  }

  function open(): Resources {
    resources?.client.close();
    resources = {
      session: new ScrapeSession({ cohort, targetLabels: target.labels, settings, scraped }),
      client: deps.clients.open(),
    };
    return resources;
  }

  function decide(state: TargetState, command: TargetCommand, nowMs: EpochMs): TargetDecision {
    switch (command.kind) {
      case "scrapeDue":
        return onScrapeDue(state, command.dueMs, nowMs);
      case "scraped":
        return onScraped(state, command);
      case "scrapeFailed":
        return onScrapeFailed(state, command);
      case "healthSeen":
        return onHealthSeen(state, command.atMs, command.lastError);
      case "appended":
        return onAppended(command.outcome, command.again);
      case "appendFailed":
        deps.log.error("Scrape not kept: storage did not answer", {
          target: target.url,
          err: command.reason,
        });
        // The references that storage was to answer with are unknown: start over.
        open();
        return { events: [{ kind: "scrapeEnded" }], effects: [] };
      case "force":
        orders.forced = command.reason;
        return { events: [{ kind: "forced", reason: command.reason }], effects: [] };
      case "retire":
        return onRetire(state, nowMs);
      case "endOfRunDue":
        return onEndOfRunDue(state, command.tMs, nowMs);
      case "endOfRunKept":
        return {
          events: [],
          effects: command.again === undefined
            ? [releaseCohort(), { kind: "forgetSelf" }]
            : [appendEndOfRun(command.again)],
        };
      case "metadata":
        return {
          events: [],
          effects: [reply(command.replyTo, {
            labels: target.labels,
            metrics: resources?.session.metadata() ?? new Map(),
          })],
        };
      default:
        return assertNever(command);
    }
  }

  function onScrapeDue(state: TargetState, dueMs: EpochMs, nowMs: EpochMs): TargetDecision {
    if (state.retiredMs !== undefined) return { events: [], effects: [] };
    const next = arm(nextScrapeMs(dueMs, nowMs, intervalMs)); // armed on every path: a slow target must not fall silent
    if (state.inFlight) return { events: [{ kind: "scrapeSkipped", atMs: dueMs }], effects: [next] };
    if (state.startedMs !== undefined) deps.observeInterval(intervalMs, nowMs - state.startedMs);
    return {
      events: [{ kind: "scrapeStarted", atMs: nowMs }],
      effects: [next, scrapeTask(state.forced, snappedMs(dueMs, nowMs, intervalMs))],
    };
  }

  function scrapeTask(forced: string | undefined, scrapeMs: EpochMs): Effect<TargetCommand> {
    const { session, client } = resources ?? open();
    scraped = true;
    const startedMs = deps.clock.monotonicMs();
    const tookMs = () => deps.clock.monotonicMs() - startedMs;
    let reading = false;
    return {
      kind: "task",
      label: target.url,
      timeoutMs: requestTimeoutMs + DIGEST_TIMEOUT_MS,
      run: async (signal) => {
        const outcome: HttpOutcome = forced === undefined
          ? await getInTime(client, signal)
          : { kind: "failed", reason: forced };
        // Nobody waits any more, and the session may be with the next scrape.
        signal.throwIfAborted();
        reading = true;
        const took = tookMs();
        const digest = await session.digestInSlices(outcome, scrapeMs, took, { ...pacing, signal });
        const { batch, ending } = digest;
        return { kind: "scraped", startedMs: scrapeMs, tookMs: took, ending, batch };
      },
      failed: (error) => ({
        kind: "scrapeFailed",
        startedMs: scrapeMs,
        tookMs: tookMs(),
        reason: messageOf(error),
        broken: reading,
      }),
    };
  }

  /** Rejects at the deadline, whatever the client does: its answer is not heard any more. */
  async function getInTime(client: HttpClient, signal: AbortSignal): Promise<HttpOutcome> {
    const abort = new AbortController();
    const forward = () => abort.abort(signal.reason);
    signal.addEventListener("abort", forward, { once: true });
    const late = Promise.withResolvers<never>();
    const deadline = deps.clock.at(deps.clock.nowMs() + requestTimeoutMs, () => {
      const error = new UserError("timeout", `Request took longer than ${requestTimeoutMs}ms`);
      late.reject(error);
      abort.abort(error);
    });
    try {
      return await Promise.race([get(client, abort.signal), late.promise]);
    } finally {
      deadline.cancel();
      signal.removeEventListener("abort", forward);
    }
  }

  /** What cannot even be asked, as with a password file that is gone, is an ending like a refused connection. */
  async function get(client: HttpClient, signal: AbortSignal): Promise<HttpOutcome> {
    try {
      const asked = request ?? await requestOf(target, config, deps.files, deps.userAgent);
      if (fixedRequest) request = asked;
      return await client.get(asked, signal);
    } catch (error) {
      return { kind: "failed", reason: messageOf(error) };
    }
  }

  function onScrapeFailed(
    state: TargetState,
    { startedMs, tookMs, reason, broken }: Extract<TargetCommand, { kind: "scrapeFailed" }>,
  ): TargetDecision {
    deps.log.error("Scrape failed unexpectedly", { target: target.url, err: reason });
    const digest = broken
      ? lastDigest(reason, startedMs, tookMs)
      : (resources ?? open()).session.digest({ kind: "failed", reason }, startedMs, tookMs);
    return onScraped(state, { kind: "scraped", startedMs, tookMs, ...digest });
  }

  /** A session that broke while it read is in no state to go on; it ends its series if it still can. */
  function lastDigest(reason: string, startedMs: EpochMs, tookMs: number): Digest {
    const broken = resources?.session;
    const { session } = open();
    const outcome: HttpOutcome = { kind: "failed", reason };
    try {
      return (broken ?? session).digest(outcome, startedMs, tookMs);
    } catch (error) {
      deps.log.error("Series of a scrape not ended", { target: target.url, err: messageOf(error) });
      return session.digest(outcome, startedMs, tookMs);
    }
  }

  function onHealthSeen(state: TargetState, atMs: EpochMs, lastError: string): TargetDecision {
    if (lastError === "") {
      return { events: state.health === "up" ? [] : [{ kind: "wentUp", atMs }], effects: [] };
    }
    const known = state.health === "down" && state.reason === lastError;
    return { events: known ? [] : [{ kind: "wentDown", atMs, reason: lastError }], effects: [] };
  }

  function onScraped(
    state: TargetState,
    { startedMs, tookMs, ending, batch }: Extract<TargetCommand, { kind: "scraped" }>,
  ): TargetDecision {
    const lastError = lastErrorOf(ending);
    const health = ending.kind === "parsed" ? "up" : "down";
    const isNews = health !== state.health || lastError !== state.reason;
    return {
      events: [{ kind: "scrapeReported" }],
      effects: [
        tell(options.pool, {
          kind: "targetScraped",
          name: options.name,
          status: { health, lastError, lastScrapeMs: startedMs, lastTookMs: tookMs },
          tallies: talliesOf(ending, state.skipped),
        }),
        append(batch),
        ...isNews ? [tell(self, { kind: "healthSeen", atMs: startedMs, lastError })] : [],
      ],
    };
  }

  function append(batch: SampleBatch): Effect<TargetCommand> {
    const { session } = resources ?? open();
    return ask<ShardCommand, "append", TargetCommand>({
      to: deps.storage,
      question: { kind: "append", batches: [batch], atomic: false, durable: false },
      timeoutMs: APPEND_TIMEOUT_MS,
      answered: ([outcome]) => ({ kind: "appended", outcome: outcome!, again: session.answered(outcome!) }),
      failed: (error) => ({ kind: "appendFailed", reason: messageOf(error) }),
    });
  }

  /** `again`: what is still to be appended, be it the rest of a large scrape. */
  function onAppended(outcome: AppendOutcome, again: SampleBatch | undefined): TargetDecision {
    const effects: Effect<TargetCommand>[] = [];
    if (outcome.kind === "appended" && refusedCount(outcome.counts) > 0) {
      deps.log.warn("Samples of a scrape were refused by storage", { target: target.url, ...outcome.counts });
      effects.push(tell(options.pool, {
        kind: "samplesRefused",
        outOfOrder: outcome.counts.outOfOrder,
        outOfBounds: outcome.counts.outOfBounds + outcome.counts.tooOld,
        duplicateTimestamp: outcome.counts.duplicate,
      }));
    } else if (outcome.kind === "limited" || outcome.kind === "refused") {
      // Where the store does not keep up, it says so itself: a line a scrape would bury that one.
      const isOwn = outcome.kind === "refused" || !STORE_LIMITS.has(outcome.limit);
      deps.log[isOwn ? "error" : "debug"]("Scrape not kept", { target: target.url, err: outcome.reason });
    }
    if (again !== undefined) return { events: [], effects: [append(again), ...effects] };
    return { events: [{ kind: "scrapeEnded" }], effects };
  }

  function onRetire(state: TargetState, nowMs: EpochMs): TargetDecision {
    if (state.retiredMs !== undefined) return { events: [], effects: [] };
    if (!scraped) return { events: [], effects: [{ kind: "forgetSelf" }] };
    const tMs = firstScrapeMs(nowMs, offsetMs, intervalMs);
    // As Prometheus: two intervals and a tenth, so that a target that has only moved to another job has written
    // newer samples by then, and the markers at the first missed scrape come too late to cut it short.
    orders.endOfRun = { atMs: nowMs + 2 * intervalMs + intervalMs / 10, tMs };
    return {
      events: [{ kind: "retired", atMs: nowMs }],
      effects: [{ kind: "cancelTimer", key: "scrape" }, armEndOfRun(orders.endOfRun)],
    };
  }

  function onEndOfRunDue(state: TargetState, tMs: EpochMs, nowMs: EpochMs): TargetDecision {
    if (!state.inFlight) {
      return { events: [], effects: [appendEndOfRun((resources ?? open()).session.endOfRun(tMs))] };
    }
    // The session takes one answer at a time, and which series are to end depends on it.
    return { events: [], effects: [armEndOfRun({ atMs: nowMs + END_OF_RUN_PAUSE_MS, tMs })] };
  }

  function appendEndOfRun(batch: SampleBatch): Effect<TargetCommand> {
    const { session } = resources ?? open();
    return ask<ShardCommand, "append", TargetCommand>({
      to: deps.storage,
      question: { kind: "append", batches: [batch], atomic: false, durable: false },
      timeoutMs: APPEND_TIMEOUT_MS,
      answered: ([outcome]) => ({ kind: "endOfRunKept", again: session.answered(outcome!) }),
      failed: (error) => {
        deps.log.error("End of a target not kept: storage did not answer", {
          target: target.url,
          err: messageOf(error),
        });
        return { kind: "endOfRunKept", again: undefined };
      },
    });
  }

  /** Its window may be sealed early and its memory given back. */
  function releaseCohort(): Effect<TargetCommand> {
    return tell(deps.storage, { kind: "releaseCohort", cohort });
  }

  function arm(dueMs: EpochMs): Effect<TargetCommand> {
    return { kind: "timer", key: "scrape", atMs: dueMs, command: { kind: "scrapeDue", dueMs } };
  }

  function armEndOfRun({ atMs, tMs }: EndOfRun): Effect<TargetCommand> {
    return { kind: "timer", key: "endOfRun", atMs, command: { kind: "endOfRunDue", tMs } };
  }

  return {
    name: "target",
    initial: () => newState(),
    decide,
    evolve,
    resume: (_state, nowMs) => {
      open();
      if (orders.endOfRun !== undefined) return [armEndOfRun(orders.endOfRun)];
      return [arm(firstScrapeMs(nowMs, offsetMs, intervalMs))];
    },
    stopping: () => {
      resources?.client.close();
      return [];
    },
    persistence: {
      kind: "ahead",
      events: jsonCodec<TargetEvent>(1),
      state: healthOnly(jsonCodec<TargetState>(1), newState),
      snapshotEvery: SNAPSHOT_EVERY,
      durable: (event) => event.kind === "wentUp" || event.kind === "wentDown",
    },
    supervision: CHILDLESS,
  };
}

/** A restart goes on with what is known of the target, not with what it was about to do. */
function healthOnly(
  codec: Codec<TargetState>,
  newState: (known: TargetState) => TargetState,
): Codec<TargetState> {
  return {
    ...codec,
    encode: ({ health, reason }) => codec.encode({ ...NEW_TARGET, health, reason }),
    decode: (bytes, version) => newState(codec.decode(bytes, version)),
  };
}

function evolve(state: TargetState, event: TargetEvent): TargetState {
  switch (event.kind) {
    case "wentUp":
      return { ...state, health: "up", reason: "" };
    case "wentDown":
      return { ...state, health: "down", reason: event.reason };
    case "scrapeStarted":
      return { ...state, inFlight: true, startedMs: event.atMs };
    case "scrapeSkipped":
      return { ...state, skipped: state.skipped + 1 };
    case "scrapeReported":
      return { ...state, skipped: 0 };
    case "scrapeEnded":
      return { ...state, inFlight: false };
    case "forced":
      return { ...state, forced: event.reason };
    case "retired":
      return { ...state, retiredMs: event.atMs };
    default:
      return assertNever(event);
  }
}

function refusedCount(counts: AppendCounts): number {
  return counts.outOfOrder + counts.outOfBounds + counts.tooOld + counts.duplicate;
}

function talliesOf(ending: ScrapeEnding, skipped: number): ScrapeTallies {
  const limit = ending.kind === "limited" ? ending.limit : undefined;
  return {
    scrapes: 1,
    exceededSampleLimit: limit === "sample_limit" ? 1 : 0,
    exceededLabelLimits: limit?.startsWith("label") ? 1 : 0,
    exceededBodySizeLimit: ending.kind === "tooLarge" ? 1 : 0,
    exceededBucketLimit: limit === "native_histogram_bucket_limit" ? 1 : 0,
    duplicateTimestamp: ending.counts.duplicates,
    outOfOrder: 0,
    outOfBounds: ending.counts.outOfBounds,
    skipped,
  };
}
