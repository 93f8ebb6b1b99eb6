/**
 * The targets of one job: it turns what discovery found into targets, starts and retires them, and keeps what each
 * said last. A new configuration restarts only the targets that it changes.
 */
import { reply, tell } from "../lib/actor/effects.ts";
import { CorruptRecordError, JournalGapError } from "../lib/actor/journal_errors.ts";
import type { ActorPath, ActorRef, Behavior, Decision, Effect } from "../lib/actor/types.ts";
import type { ScrapeConfig } from "../lib/config/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import type { Clock, Files, Log } from "../lib/core/ports.ts";
import type { TargetGroup } from "../lib/discovery/target_groups.ts";
import {
  type DiscoveredTarget,
  type DiscoveredTargets,
  targetLimitProblem,
  targetsOf,
} from "../lib/discovery/targets.ts";
import type { Labels } from "../lib/model/labels.ts";
import { targetNameOf } from "../lib/scrape/target_name.ts";
import { fileDiscoveryBehavior } from "./discovery_file.ts";
import type {
  PoolView,
  ScrapePoolCommand,
  ScrapeTallies,
  TargetCommand,
  TargetStatus,
} from "./protocol/scrape.ts";
import { targetBehavior, type TargetDeps } from "./target.ts";

export interface ScrapePoolOptions {
  readonly path: ActorPath;
  readonly target: TargetDeps;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a pool is told to scrape; it outlives a restart of the pool. */
export interface PoolAssignment {
  readonly config: ScrapeConfig;
  readonly offsetSeed: number;
}

interface PooledTarget {
  readonly target: DiscoveredTarget;
  readonly settings: string;
  readonly status: TargetStatus;
}

interface ScrapePoolState {
  readonly assignment: PoolAssignment;
  readonly groups: ReadonlyMap<string, readonly TargetGroup[]>;
  readonly discoveryErrors: ReadonlyMap<string, readonly string[]>;
  readonly targets: ReadonlyMap<string, PooledTarget>;
  /** Targets that are gone and have their markers still to write. */
  readonly leaving: ReadonlySet<string>;
  readonly dropped: readonly Labels[];
  readonly droppedCount: number;
  readonly tallies: ScrapeTallies;
  readonly retiring: boolean;
  readonly overTargetLimit: boolean;
  readonly exceededTargetLimit: number;
  readonly syncs: number;
  readonly syncSeconds: number;
  readonly syncFailures: number;
}

type ScrapePoolEvent =
  | { readonly kind: "assigned"; readonly assignment: PoolAssignment }
  | {
    readonly kind: "found";
    readonly provider: string;
    readonly groups: readonly TargetGroup[];
    readonly errors: readonly string[];
  }
  | {
    readonly kind: "synced";
    readonly targets: ReadonlyMap<string, PooledTarget>;
    readonly leaving: ReadonlySet<string>;
    readonly discovery: DiscoveredTargets;
    readonly overTargetLimit: boolean;
    readonly seconds: number;
  }
  | {
    readonly kind: "targetScraped";
    readonly name: string;
    readonly status: TargetStatus;
    readonly tallies: ScrapeTallies;
  }
  | { readonly kind: "samplesRefused"; readonly tallies: ScrapeTallies }
  | { readonly kind: "targetEnded"; readonly name: string }
  | { readonly kind: "retired" };

type PoolDecision = Decision<ScrapePoolCommand, ScrapePoolEvent>;

const NEVER_SCRAPED: TargetStatus = {
  health: "unknown",
  lastError: "",
  lastScrapeMs: undefined,
  lastTookMs: 0,
};
const NO_TALLIES: ScrapeTallies = {
  scrapes: 0,
  exceededSampleLimit: 0,
  exceededBodySizeLimit: 0,
  exceededBucketLimit: 0,
  exceededLabelLimits: 0,
  duplicateTimestamp: 0,
  outOfOrder: 0,
  outOfBounds: 0,
  skipped: 0,
};
const NOTHING: PoolDecision = { events: [], effects: [] };
const STATIC = "static";
const FILE_DISCOVERY = "discovery:file";

export function scrapePoolBehavior(
  options: ScrapePoolOptions,
  first: PoolAssignment,
): Behavior<ScrapePoolState, ScrapePoolCommand, ScrapePoolEvent> {
  /** The newest orders: a restarted pool starts from them. */
  let assigned = first;
  let retired = false;
  const self: ActorRef<ScrapePoolCommand> = { path: options.path };
  const childPath = (name: string): ActorPath => `${options.path}/${name}`;
  const targetRef = (name: string): ActorRef<TargetCommand> => ({ path: childPath(name) });

  function decide(state: ScrapePoolState, command: ScrapePoolCommand): PoolDecision {
    switch (command.kind) {
      case "configure":
        retired = false;
        assigned = { config: command.config, offsetSeed: command.offsetSeed };
        return onConfigure(state, assigned);
      case "start":
        return retired ? NOTHING : onConfigure(state, assigned);
      case "groupsFound":
        return onGroupsFound(state, command);
      case "targetScraped": {
        const { name, status, tallies } = command;
        return { events: [{ kind: "targetScraped", name, status, tallies }], effects: [] };
      }
      case "samplesRefused": {
        const { kind: _kind, ...refused } = command;
        return { events: [{ kind: "samplesRefused", tallies: { ...NO_TALLIES, ...refused } }], effects: [] };
      }
      case "targetEnded":
        return onTargetEnded(state, command.name);
      case "retire":
        return onRetire(state);
      case "describe":
        return { events: [], effects: [reply(command.replyTo, viewOf(state))] };
      case "targets":
        return { events: [], effects: [reply(command.replyTo, [...state.targets.keys()].map(targetRef))] };
      default:
        return assertNever(command);
    }
  }

  function onConfigure(state: ScrapePoolState, assignment: PoolAssignment): PoolDecision {
    const groups = new Map(state.groups).set(STATIC, assignment.config.staticConfigs);
    if (assignment.config.fileSdConfigs.length === 0) groups.delete(FILE_DISCOVERY);
    const next = { ...state, assignment, groups, retiring: false };
    const synced = sync(next);
    const effects = [...synced.effects];
    if (state.retiring || providerOf(state.assignment.config) !== providerOf(assignment.config)) {
      effects.push({ kind: "stop", name: FILE_DISCOVERY }, ...startDiscovery(assignment.config));
    }
    return { events: [{ kind: "assigned", assignment }, ...synced.events], effects };
  }

  function onGroupsFound(
    state: ScrapePoolState,
    { provider, groups, errors }: Extract<ScrapePoolCommand, { kind: "groupsFound" }>,
  ): PoolDecision {
    // The last word of a discovery that was stopped.
    if (state.retiring || provider !== providerOf(state.assignment.config)) return NOTHING;
    for (const error of errors) {
      options.log.error("Error reading targets", { pool: state.assignment.config.jobName, err: error });
    }
    const synced = sync({ ...state, groups: new Map(state.groups).set(FILE_DISCOVERY, groups) });
    return {
      events: [{ kind: "found", provider: FILE_DISCOVERY, groups, errors }, ...synced.events],
      effects: synced.effects,
    };
  }

  function onTargetEnded(state: ScrapePoolState, name: string): PoolDecision {
    if (!state.leaving.has(name)) return { events: [], effects: [] };
    const last = state.retiring && state.leaving.size === 1;
    return { events: [{ kind: "targetEnded", name }], effects: last ? [{ kind: "stopSelf" }] : [] };
  }

  function onRetire(state: ScrapePoolState): PoolDecision {
    retired = true;
    const effects: Effect<ScrapePoolCommand>[] = [...state.targets.keys()].map((key) =>
      tell(targetRef(key), { kind: "retire" })
    );
    if (state.assignment.config.fileSdConfigs.length > 0) {
      effects.push({ kind: "stop", name: FILE_DISCOVERY });
    }
    if (state.targets.size + state.leaving.size === 0) effects.push({ kind: "stopSelf" });
    return { events: [{ kind: "retired" }], effects };
  }

  /** What has to start, stop and change so that the running targets are those of `state`. */
  function sync(state: ScrapePoolState): PoolDecision {
    const startedMs = options.clock.monotonicMs();
    const { config } = state.assignment;
    const discovery = targetsOf(config, [...state.groups.values()].flat());
    for (const error of discovery.errors) {
      options.log.error("Creating target failed", { pool: config.jobName, err: error });
    }
    const reason = targetLimitProblem(config, discovery.active.length);
    const overTargetLimit = reason !== undefined;
    const targets = new Map<string, PooledTarget>();
    const leaving = new Set(state.leaving);
    const effects: Effect<ScrapePoolCommand>[] = [];
    for (const target of discovery.active) {
      const name = targetNameOf(target);
      if (targets.has(name)) continue; // the first wins: both would write the same series
      const old = state.targets.get(name);
      const settings = settingsOf(state.assignment, target);
      if (old?.settings === settings) {
        targets.set(name, { ...old, target });
      } else {
        leaving.delete(name);
        // An actor of this name may be there, its end on its way to us or not: nothing is stopped if not.
        effects.push(
          { kind: "stop", name },
          { kind: "spawn", name, behavior: behaviorOf(target, name, state.assignment, reason) },
        );
        targets.set(name, { target, settings, status: old?.status ?? NEVER_SCRAPED });
      }
      if (old !== undefined && (overTargetLimit || state.overTargetLimit)) {
        effects.push(tell(targetRef(name), { kind: "force", reason }));
      }
    }
    for (const key of state.targets.keys()) {
      if (targets.has(key)) continue;
      leaving.add(key);
      effects.push(tell(targetRef(key), { kind: "retire" }));
    }
    const seconds = (options.clock.monotonicMs() - startedMs) / 1000;
    return { events: [{ kind: "synced", targets, leaving, discovery, overTargetLimit, seconds }], effects };
  }

  function behaviorOf(
    target: DiscoveredTarget,
    name: string,
    { config, offsetSeed }: PoolAssignment,
    forced: string | undefined,
  ) {
    return targetBehavior({
      target,
      name,
      config,
      offsetSeed,
      pool: { path: options.path },
      forced,
      deps: options.target,
    });
  }

  function startDiscovery(config: ScrapeConfig): Effect<ScrapePoolCommand>[] {
    if (config.fileSdConfigs.length === 0) return [];
    const behavior = fileDiscoveryBehavior({
      configs: config.fileSdConfigs,
      files: options.files,
      provider: providerOf(config),
      pool: { path: options.path },
    });
    return [{ kind: "spawn", name: FILE_DISCOVERY, behavior }];
  }

  return {
    name: "scrape_pool",
    initial: () => emptyPool(assigned),
    decide,
    evolve,
    // Not a configuration of its own: one that waits in the mailbox is newer.
    resume: (state) =>
      retired
        ? [{ kind: "stopSelf" }]
        : [...startDiscovery(state.assignment.config), tell(self, { kind: "start" })],
    childEnded: (name) => ({ kind: "targetEnded", name }),
    persistence: { kind: "none" },
    supervision: {
      scope: "oneForOne",
      // However often a target fails, its siblings are not to pay for it.
      restartsMax: Number.POSITIVE_INFINITY,
      windowMs: 60_000,
      backoffMs: { min: 1_000, max: 30_000 },
      directive: () => "restart",
      // When it went up and down is worth less than what it measures from now on.
      unrecoverable: (error) =>
        error instanceof CorruptRecordError || error instanceof JournalGapError ? "startOver" : "restart",
    },
  };
}

function emptyPool(assignment: PoolAssignment): ScrapePoolState {
  return {
    assignment,
    groups: new Map(),
    discoveryErrors: new Map(),
    targets: new Map(),
    leaving: new Set(),
    dropped: [],
    droppedCount: 0,
    tallies: NO_TALLIES,
    retiring: false,
    overTargetLimit: false,
    exceededTargetLimit: 0,
    syncs: 0,
    syncSeconds: 0,
    syncFailures: 0,
  };
}

/** Tells what a discovery in force has found from the last word of one that was stopped. */
function providerOf(config: ScrapeConfig): string {
  return config.fileSdConfigs.length === 0 ? "" : `${FILE_DISCOVERY} ${JSON.stringify(config.fileSdConfigs)}`;
}

/** All that a running target was started with but for itself: when it changes, the target starts anew. */
function settingsOf({ config, offsetSeed }: PoolAssignment, target: DiscoveredTarget): string {
  const { staticConfigs: _static, fileSdConfigs: _file, relabelConfigs: _relabel, ...rest } = config;
  return JSON.stringify([rest, offsetSeed, target.scrapeIntervalMs, target.scrapeTimeoutMs]);
}

function evolve(state: ScrapePoolState, event: ScrapePoolEvent): ScrapePoolState {
  switch (event.kind) {
    case "assigned": {
      const groups = new Map(state.groups).set(STATIC, event.assignment.config.staticConfigs);
      if (event.assignment.config.fileSdConfigs.length === 0) groups.delete(FILE_DISCOVERY);
      return { ...state, assignment: event.assignment, groups, retiring: false };
    }
    case "found":
      return {
        ...state,
        groups: new Map(state.groups).set(event.provider, event.groups),
        discoveryErrors: new Map(state.discoveryErrors).set(event.provider, event.errors),
      };
    case "synced": {
      const { targets, leaving, discovery, overTargetLimit } = event;
      const keep = state.assignment.config.keepDroppedTargets;
      return {
        ...state,
        targets,
        leaving,
        overTargetLimit,
        dropped: keep === 0 ? discovery.dropped : discovery.dropped.slice(0, keep),
        droppedCount: discovery.dropped.length,
        exceededTargetLimit: state.exceededTargetLimit + (overTargetLimit ? 1 : 0),
        syncs: state.syncs + 1,
        syncSeconds: state.syncSeconds + event.seconds,
        syncFailures: state.syncFailures + discovery.errors.length,
      };
    }
    case "targetScraped": {
      const tallies = addTallies(state.tallies, event.tallies);
      const pooled = state.targets.get(event.name);
      if (pooled === undefined) return { ...state, tallies };
      // Changed in place: one scrape must not copy a map of a thousand targets.
      (state.targets as Map<string, PooledTarget>).set(event.name, { ...pooled, status: event.status });
      return { ...state, tallies };
    }
    case "samplesRefused":
      return { ...state, tallies: addTallies(state.tallies, event.tallies) };
    case "targetEnded": {
      const leaving = new Set(state.leaving);
      leaving.delete(event.name);
      return { ...state, leaving };
    }
    case "retired":
      return {
        ...state,
        retiring: true,
        targets: new Map(),
        leaving: new Set([...state.leaving, ...state.targets.keys()]),
      };
    default:
      return assertNever(event);
  }
}

function addTallies(a: ScrapeTallies, b: ScrapeTallies): ScrapeTallies {
  return {
    scrapes: a.scrapes + b.scrapes,
    exceededSampleLimit: a.exceededSampleLimit + b.exceededSampleLimit,
    exceededBodySizeLimit: a.exceededBodySizeLimit + b.exceededBodySizeLimit,
    exceededBucketLimit: a.exceededBucketLimit + b.exceededBucketLimit,
    exceededLabelLimits: a.exceededLabelLimits + b.exceededLabelLimits,
    duplicateTimestamp: a.duplicateTimestamp + b.duplicateTimestamp,
    outOfOrder: a.outOfOrder + b.outOfOrder,
    outOfBounds: a.outOfBounds + b.outOfBounds,
    skipped: a.skipped + b.skipped,
  };
}

function viewOf(state: ScrapePoolState): PoolView {
  return {
    jobName: state.assignment.config.jobName,
    targets: [...state.targets.values()].map(({ target, status }) => ({ target, status })),
    dropped: state.dropped,
    droppedCount: state.droppedCount,
    discoveryErrors: [...state.discoveryErrors.values()].flat(),
    tallies: state.tallies,
    syncs: state.syncs,
    syncSeconds: state.syncSeconds,
    syncFailures: state.syncFailures,
    targetLimit: state.assignment.config.targetLimit,
    exceededTargetLimit: state.exceededTargetLimit,
  };
}
