/**
 * One `alertmanagers` entry of the configuration: it finds its Alertmanagers, hands each of them every alert that
 * its relabelling keeps, and lets those go that are found no more. An Alertmanager that stays keeps its queue.
 */
import { createHash } from "node:crypto";
import { reply, tell } from "../lib/actor/effects.ts";
import type { ActorPath, ActorRef, Behavior, Decision, Effect } from "../lib/actor/types.ts";
import type { AlertmanagerConfig } from "../lib/config/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import { messageOf } from "../lib/core/errors.ts";
import type { TargetGroup } from "../lib/discovery/target_groups.ts";
import { relabelAlerts } from "../lib/notify/alert.ts";
import { alertmanagersOf } from "../lib/notify/alertmanagers.ts";
import { alertmanagerBehavior, type AlertmanagerDeps } from "./alertmanager.ts";
import { fileDiscoveryBehavior } from "./discovery_file.ts";
import type {
  AlertmanagerCommand,
  AlertmanagerSetCommand,
  AlertmanagerSetView,
} from "./protocol/notifier.ts";

const FILE_DISCOVERY = "discovery:file";
/** Of the digest of a URL: an address may hold what a path may not. */
const NAME_BYTES = 12;

export interface AlertmanagerSetOptions {
  readonly path: ActorPath;
  readonly config: AlertmanagerConfig;
  readonly deps: AlertmanagerDeps;
}

interface AlertmanagerSetState {
  readonly config: AlertmanagerConfig;
  readonly fileGroups: readonly TargetGroup[];
  readonly discoveryErrors: readonly string[];
  /** URLs by spawn name. */
  readonly wanted: ReadonlyMap<string, string>;
  /** No longer wanted and not yet ended. */
  readonly leaving: ReadonlySet<string>;
  readonly dropped: readonly string[];
  readonly retiring: boolean;
  readonly syncs: number;
}

type AlertmanagerSetEvent =
  | { readonly kind: "configured"; readonly config: AlertmanagerConfig }
  | { readonly kind: "found"; readonly groups: readonly TargetGroup[]; readonly errors: readonly string[] }
  | {
    readonly kind: "synced";
    readonly wanted: ReadonlyMap<string, string>;
    readonly leaving: ReadonlySet<string>;
    readonly dropped: readonly string[];
  }
  | { readonly kind: "alertmanagerEnded"; readonly name: string }
  | { readonly kind: "retired" };

type SetDecision = Decision<AlertmanagerSetCommand, AlertmanagerSetEvent>;

const NOTHING: SetDecision = { events: [], effects: [] };

export function alertmanagerSetBehavior(
  options: AlertmanagerSetOptions,
): Behavior<AlertmanagerSetState, AlertmanagerSetCommand, AlertmanagerSetEvent> {
  const { deps } = options;
  const self: ActorRef<AlertmanagerSetCommand> = { path: options.path };
  const ref = (name: string): ActorRef<AlertmanagerCommand> => ({ path: `${options.path}/${name}` });
  /** The newest orders: a restarted set starts from them. */
  let assigned = options.config;
  let retired = false;

  function decide(state: AlertmanagerSetState, command: AlertmanagerSetCommand): SetDecision {
    switch (command.kind) {
      case "alerts":
        return onAlerts(state, command);
      case "start":
        return sync(state);
      case "configure":
        return onConfigure(state, command.config);
      case "groupsFound":
        return onGroupsFound(state, command);
      case "retire":
        return onRetire(state);
      case "childEnded":
        return onChildEnded(state, command.name);
      case "describe":
        return { events: [], effects: [reply(command.replyTo, viewOf(state))] };
      default:
        return assertNever(command);
    }
  }

  function onAlerts(
    state: AlertmanagerSetState,
    { alerts }: Extract<AlertmanagerSetCommand, { kind: "alerts" }>,
  ): SetDecision {
    const kept = relabelAlerts(alerts, state.config.alertRelabelConfigs);
    if (kept.length === 0) return NOTHING;
    const effects = [...state.wanted.keys()].map((name) => tell(ref(name), { kind: "alerts", alerts: kept }));
    return { events: [], effects };
  }

  function onConfigure(state: AlertmanagerSetState, config: AlertmanagerConfig): SetDecision {
    const unchanged = !retired && JSON.stringify(config) === JSON.stringify(assigned);
    retired = false;
    if (unchanged) return NOTHING;
    const rediscover = state.retiring || providerOf(assigned) !== providerOf(config);
    assigned = config;
    const fileGroups = rediscover ? [] : state.fileGroups;
    const synced = sync({ ...state, config, fileGroups });
    const effects = [...synced.effects];
    for (const name of state.wanted.keys()) effects.push(tell(ref(name), { kind: "configure", config }));
    if (rediscover) effects.push({ kind: "stop", name: FILE_DISCOVERY }, ...startDiscovery(config));
    const configured: AlertmanagerSetEvent[] = [{ kind: "configured", config }];
    if (rediscover) configured.push({ kind: "found", groups: [], errors: [] });
    return { events: [...configured, ...synced.events], effects };
  }

  function onGroupsFound(
    state: AlertmanagerSetState,
    { provider, groups, errors }: Extract<AlertmanagerSetCommand, { kind: "groupsFound" }>,
  ): SetDecision {
    // The last word of a discovery that was stopped.
    if (state.retiring || provider !== providerOf(state.config)) return NOTHING;
    for (const error of errors) deps.log.error("Error reading Alertmanager targets", { err: error });
    const synced = sync({ ...state, fileGroups: groups });
    return { events: [{ kind: "found", groups, errors }, ...synced.events], effects: synced.effects };
  }

  function onRetire(state: AlertmanagerSetState): SetDecision {
    retired = true;
    const effects: Effect<AlertmanagerSetCommand>[] = [...state.wanted.keys()].map((name) =>
      tell(ref(name), { kind: "retire" })
    );
    effects.push({ kind: "stop", name: FILE_DISCOVERY });
    if (state.wanted.size + state.leaving.size === 0) effects.push({ kind: "stopSelf" });
    return { events: [{ kind: "retired" }], effects };
  }

  function onChildEnded(state: AlertmanagerSetState, name: string): SetDecision {
    const url = state.wanted.get(name);
    // Wanted again after it had said its last word.
    if (url !== undefined) return { events: [], effects: [spawn(name, url, state.config)] };
    if (!state.leaving.has(name)) return NOTHING;
    const last = state.retiring && state.leaving.size === 1;
    return { events: [{ kind: "alertmanagerEnded", name }], effects: last ? [{ kind: "stopSelf" }] : [] };
  }

  /** What has to start and end so that the running Alertmanagers are those of `state`. */
  function sync(state: AlertmanagerSetState): SetDecision {
    const { config } = state;
    const found = alertmanagersOf(config, [...config.staticConfigs, ...state.fileGroups]);
    for (const error of found.errors) {
      deps.log.error("Creating discovered Alertmanagers failed", { err: error });
    }
    const wanted = new Map(found.active.map((url) => [nameOf(url), url] as const));
    const leaving = new Set(state.leaving);
    const effects: Effect<AlertmanagerSetCommand>[] = [];
    for (const [name, url] of wanted) {
      if (state.wanted.has(name)) continue;
      // One that is leaving stays; if it has ended already, its end is on its way to us.
      if (leaving.delete(name)) effects.push(tell(ref(name), { kind: "configure", config }));
      else effects.push(spawn(name, url, config));
    }
    for (const name of state.wanted.keys()) {
      if (wanted.has(name)) continue;
      leaving.add(name);
      effects.push(tell(ref(name), { kind: "retire" }));
    }
    return { events: [{ kind: "synced", wanted, leaving, dropped: found.dropped }], effects };
  }

  function spawn(name: string, url: string, config: AlertmanagerConfig): Effect<AlertmanagerSetCommand> {
    return {
      kind: "spawn",
      name,
      behavior: alertmanagerBehavior({ path: ref(name).path, url, config, deps }),
    };
  }

  function startDiscovery(config: AlertmanagerConfig): Effect<AlertmanagerSetCommand>[] {
    if (config.fileSdConfigs.length === 0) return [];
    const behavior = fileDiscoveryBehavior({
      configs: config.fileSdConfigs,
      files: deps.files,
      provider: providerOf(config),
      parent: { path: options.path },
    });
    return [{ kind: "spawn", name: FILE_DISCOVERY, behavior }];
  }

  function viewOf(state: AlertmanagerSetState): AlertmanagerSetView {
    return {
      alertmanagers: [...state.wanted].map(([name, url]) => ({ url, ref: ref(name) })),
      dropped: state.dropped,
      discoveryErrors: state.discoveryErrors,
      syncs: state.syncs,
    };
  }

  return {
    name: "alertmanager_set",
    initial: () => ({
      config: assigned,
      fileGroups: [],
      discoveryErrors: [],
      wanted: new Map(),
      leaving: new Set(),
      dropped: [],
      retiring: false,
      syncs: 0,
    }),
    decide,
    evolve,
    resume: () =>
      retired ? [{ kind: "stopSelf" }] : [...startDiscovery(assigned), tell(self, { kind: "start" })],
    childEnded: (name) => ({ kind: "childEnded", name }),
    persistence: { kind: "none" },
    supervision: {
      scope: "oneForOne",
      // However often one fails, its siblings are not to pay for it.
      restartsMax: Number.POSITIVE_INFINITY,
      windowMs: 60_000,
      backoffMs: { min: 1_000, max: 30_000 },
      directive: (error, child) => {
        deps.log.error("Sending alerts failed", { path: `${options.path}/${child}`, err: messageOf(error) });
        return "restart";
      },
    },
  };
}

/** Tells what a discovery in force has found from the last word of one that was stopped. */
function providerOf(config: AlertmanagerConfig): string {
  return config.fileSdConfigs.length === 0 ? "" : `${FILE_DISCOVERY} ${JSON.stringify(config.fileSdConfigs)}`;
}

function nameOf(url: string): string {
  return createHash("sha256").update(url).digest().subarray(0, NAME_BYTES).toString("base64url");
}

function evolve(state: AlertmanagerSetState, event: AlertmanagerSetEvent): AlertmanagerSetState {
  switch (event.kind) {
    case "configured":
      return { ...state, config: event.config, retiring: false };
    case "found":
      return { ...state, fileGroups: event.groups, discoveryErrors: event.errors };
    case "synced": {
      const { wanted, leaving, dropped } = event;
      return { ...state, wanted, leaving, dropped, syncs: state.syncs + 1 };
    }
    case "alertmanagerEnded": {
      const leaving = new Set(state.leaving);
      leaving.delete(event.name);
      return { ...state, leaving };
    }
    case "retired":
      return {
        ...state,
        retiring: true,
        wanted: new Map(),
        leaving: new Set([...state.leaving, ...state.wanted.keys()]),
      };
    default:
      return assertNever(event);
  }
}
