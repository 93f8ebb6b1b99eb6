/**
 * The parent of all groups of rules: one actor a group. A new configuration reaches the groups that stay as a message,
 * so that each decides for itself what changed. It remembers which groups there are, so that one whose file went away
 * while the server was down still ends its series and its journal.
 */
import { reply, tell } from "../lib/actor/effects.ts";
import { jsonCodec } from "../lib/actor/json_codec.ts";
import type { ActorPath, ActorRef, Behavior, Codec, Decision, Effect } from "../lib/actor/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import type { RuleGroup } from "../lib/rules/rule.ts";
import { shortened } from "../lib/rules/cohort_writer.ts";
import type { RuleGroupDeps } from "./protocol/rule_group_deps.ts";
import type { RuleGroupCommand, RuleManagerCommand, RuleSettings } from "./protocol/rules.ts";
import { ruleGroupBehavior } from "./rule_group.ts";

/** Of a group's actor: part of its journal's keys, which are short. */
const NAME_BYTES_MAX = 400;
const SNAPSHOT_EVERY = 200;
/**
 * While the store is in trouble the journal of every group with news fails again and again. That is no reason to end
 * the server, which still scrapes and answers: the groups come back with the store.
 */
const RESTARTS_MAX = 1_000_000;

export interface RuleManagerOptions {
  readonly path: ActorPath;
  readonly group: RuleGroupDeps;
}

/** What is remembered of a group beyond this life. */
interface KnownGroup {
  readonly file: string;
  readonly name: string;
  readonly intervalMs: number;
}

interface RuleManagerState {
  /** By spawn name: every group that may have a journal. */
  readonly known: ReadonlyMap<string, KnownGroup>;
  /** By spawn name: the wanted ones, in order. Of this life. */
  readonly wanted: ReadonlyMap<string, RuleGroup>;
  /** By spawn name: all that run, retiring ones too. Of this life. */
  readonly running: ReadonlySet<string>;
  readonly applied: number;
}

type RuleManagerEvent =
  /** Durable. */
  | { readonly kind: "groupKnown"; readonly spawnName: string; readonly group: KnownGroup }
  | { readonly kind: "groupForgotten"; readonly spawnName: string }
  // Not durable.
  | { readonly kind: "groupsApplied"; readonly groups: readonly (readonly [string, RuleGroup])[] }
  | { readonly kind: "groupStarted"; readonly spawnName: string }
  | { readonly kind: "groupStopped"; readonly spawnName: string };

type ManagerDecision = Decision<RuleManagerCommand, RuleManagerEvent>;

export function ruleManagerBehavior(
  options: RuleManagerOptions,
): Behavior<RuleManagerState, RuleManagerCommand, RuleManagerEvent> {
  const self: ActorRef<RuleManagerCommand> = { path: options.path };
  /** The newest orders: a restarted manager starts from them. */
  let applied: Extract<RuleManagerCommand, { kind: "apply" }> | undefined;
  /** Whether the groups of the start are being begun: only those look for alerts of a life without a journal. */
  let first = true;
  const groupRef = (name: string): ActorRef<RuleGroupCommand> => ({ path: `${options.path}/${name}` });

  function decide(state: RuleManagerState, command: RuleManagerCommand): ManagerDecision {
    switch (command.kind) {
      case "apply": {
        first = applied === undefined;
        applied = command;
        return onApply(state, command);
      }
      case "start":
        return applied === undefined ? { events: [], effects: [] } : onApply(state, applied);
      case "groupEnded":
        return onGroupEnded(state, command.name);
      case "groups": {
        const groups = [...state.wanted].map(([spawnName, { file, name }]) => ({
          file,
          name,
          group: groupRef(spawnName),
        }));
        return { events: [], effects: [reply(command.replyTo, { groups })] };
      }
      default:
        return assertNever(command);
    }
  }

  function onApply(
    state: RuleManagerState,
    { groups, settings }: Extract<RuleManagerCommand, { kind: "apply" }>,
  ): ManagerDecision {
    const wanted = new Map(groups.map((group) => [spawnNameOf(group), group]));
    const events: RuleManagerEvent[] = [{ kind: "groupsApplied", groups: [...wanted] }];
    const effects: Effect<RuleManagerCommand>[] = [];
    for (const [spawnName, group] of wanted) {
      const { file, name, intervalMs } = group;
      if (state.known.get(spawnName)?.intervalMs !== intervalMs) {
        events.push({ kind: "groupKnown", spawnName, group: { file, name, intervalMs } });
      }
      if (state.running.has(spawnName)) {
        effects.push(tell(groupRef(spawnName), { kind: "configure", group, settings }));
        continue;
      }
      events.push({ kind: "groupStarted", spawnName });
      effects.push(spawnGroup(spawnName, group, settings));
    }
    for (const [spawnName, known] of state.known) {
      if (wanted.has(spawnName)) continue;
      if (!state.running.has(spawnName)) {
        events.push({ kind: "groupStarted", spawnName });
        effects.push(spawnGroup(spawnName, goneGroup(known), settings));
      }
      effects.push(tell(groupRef(spawnName), { kind: "retire" }));
    }
    return { events, effects };
  }

  function onGroupEnded(state: RuleManagerState, spawnName: string): ManagerDecision {
    const group = state.wanted.get(spawnName);
    // Wanted again after it had said its last word, or given up: it begins anew.
    if (group !== undefined && applied !== undefined) {
      return { events: [], effects: [spawnGroup(spawnName, group, applied.settings)] };
    }
    return {
      events: [{ kind: "groupStopped", spawnName }, { kind: "groupForgotten", spawnName }],
      effects: [],
    };
  }

  function spawnGroup(
    spawnName: string,
    group: RuleGroup,
    settings: RuleSettings,
  ): Effect<RuleManagerCommand> {
    const { path } = groupRef(spawnName);
    const behavior = ruleGroupBehavior({ path, group, settings, restores: first, deps: options.group });
    return { kind: "spawn", name: spawnName, behavior };
  }

  return {
    name: "rule_manager",
    initial: newState,
    decide,
    evolve,
    resume: () => applied === undefined ? [] : [tell(self, { kind: "start" })],
    childEnded: (name) => ({ kind: "groupEnded", name }),
    persistence: {
      kind: "ahead",
      events: jsonCodec<RuleManagerEvent>(1),
      state: knownOnly,
      snapshotEvery: SNAPSHOT_EVERY,
      durable: (event) => event.kind === "groupKnown" || event.kind === "groupForgotten",
    },
    supervision: {
      scope: "oneForOne",
      restartsMax: RESTARTS_MAX,
      windowMs: 60_000,
      backoffMs: { min: 100, max: 10_000 },
      directive: () => "restart",
      // A group without its history evaluates; one that cannot start does not.
      unrecoverable: (error, child) => {
        options.group.log.error("The journal of a rule group cannot be read: it starts over", {
          group: child,
          err: String(error),
        });
        return "startOver";
      },
    },
  };
}

/** A group, as a path may name it. */
function spawnNameOf({ file, name }: { readonly file: string; readonly name: string }): string {
  const spawnName = encodeURIComponent(`${file};${name}`.toWellFormed());
  return shortened(spawnName, file, name, NAME_BYTES_MAX);
}

/** A group that is in no file any more: nothing is evaluated, its alerts' series end. */
function goneGroup(known: KnownGroup): RuleGroup {
  return { ...known, queryOffsetMs: undefined, limit: 0, labels: [], rules: [] };
}

function newState(): RuleManagerState {
  return { known: new Map(), wanted: new Map(), running: new Set(), applied: 0 };
}

const keptGroups = jsonCodec<readonly (readonly [string, KnownGroup])[]>(1);
const knownOnly: Codec<RuleManagerState> = {
  version: keptGroups.version,
  encode: ({ known }) => keptGroups.encode([...known]),
  decode: (bytes, version) => ({ ...newState(), known: new Map(keptGroups.decode(bytes, version)) }),
};

function evolve(state: RuleManagerState, event: RuleManagerEvent): RuleManagerState {
  switch (event.kind) {
    case "groupKnown":
      return { ...state, known: new Map(state.known).set(event.spawnName, event.group) };
    case "groupForgotten": {
      const known = new Map(state.known);
      known.delete(event.spawnName);
      return { ...state, known };
    }
    case "groupsApplied":
      return { ...state, wanted: new Map(event.groups), applied: state.applied + 1 };
    case "groupStarted":
      return { ...state, running: new Set(state.running).add(event.spawnName) };
    case "groupStopped": {
      const running = new Set(state.running);
      running.delete(event.spawnName);
      return { ...state, running };
    }
    default:
      return assertNever(event);
  }
}
