/**
 * Takes the alerts that the rules send, gives them the labels that they leave the server with, and hands them to
 * every set of Alertmanagers and to every other receiver that it was started with.
 */
import { reply, tell } from "../lib/actor/effects.ts";
import type { ActorPath, ActorRef, Behavior, Decision, Effect } from "../lib/actor/types.ts";
import type { AlertingConfig, AlertmanagerConfig } from "../lib/config/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import { EMPTY_LABELS, type Labels, labelsOf } from "../lib/model/labels.ts";
import { relabelAlerts, type SentAlert, withExternalLabels } from "../lib/notify/alert.ts";
import { alertmanagerSetBehavior, type AlertmanagerSetOptions } from "./alertmanager_set.ts";
import type { AlertmanagerSetCommand, AlertsCommand, NotifierCommand } from "./protocol/notifier.ts";

export interface NotifierOptions {
  readonly path: ActorPath;
  /** Those who take alerts by message: an Alertmanager in this process. */
  readonly receivers: readonly ActorRef<AlertsCommand>[];
  readonly alertmanager: AlertmanagerSetOptions["deps"];
}

interface NotifierState {
  readonly alerting: AlertingConfig;
  readonly externalLabels: Labels;
  /** Sets by spawn name, those that still drain their queues included. */
  readonly sets: ReadonlyMap<string, "wanted" | "retiring">;
}

type NotifierEvent =
  | {
    readonly kind: "applied";
    readonly alerting: AlertingConfig;
    readonly externalLabels: Labels;
    readonly sets: NotifierState["sets"];
  }
  | { readonly kind: "setEnded"; readonly name: string };

type NotifierDecision = Decision<NotifierCommand, NotifierEvent>;

const NOTHING: NotifierDecision = { events: [], effects: [] };
const NO_ALERTING: AlertingConfig = { alertRelabelConfigs: [], alertmanagers: [] };

export function notifierBehavior(
  options: NotifierOptions,
): Behavior<NotifierState, NotifierCommand, NotifierEvent> {
  const self: ActorRef<NotifierCommand> = { path: options.path };
  const setRef = (name: string): ActorRef<AlertmanagerSetCommand> => ({ path: `${options.path}/${name}` });
  /** The newest orders: a restarted notifier starts from them. */
  let applied: Extract<NotifierCommand, { kind: "apply" }> | undefined;

  function decide(state: NotifierState, command: NotifierCommand): NotifierDecision {
    switch (command.kind) {
      case "alerts":
        return onAlerts(state, command.alerts);
      case "apply":
        applied = command;
        return onApply(state, command);
      case "start":
        return applied === undefined ? NOTHING : onApply(state, applied);
      case "childEnded":
        return onSetEnded(state, command.name);
      case "describe": {
        const sets = wantedOf(state).map(setRef);
        return { events: [], effects: [reply(command.replyTo, { sets })] };
      }
      default:
        return assertNever(command);
    }
  }

  function onAlerts(state: NotifierState, sent: readonly SentAlert[]): NotifierDecision {
    const labelled = withExternalLabels(sent, state.externalLabels);
    const alerts = relabelAlerts(labelled, state.alerting.alertRelabelConfigs);
    if (alerts.length === 0) return NOTHING;
    const receivers: ActorRef<AlertsCommand>[] = [...options.receivers, ...wantedOf(state).map(setRef)];
    return { events: [], effects: receivers.map((to) => tell(to, { kind: "alerts", alerts })) };
  }

  function onApply(
    state: NotifierState,
    { alerting, externalLabels }: Extract<NotifierCommand, { kind: "apply" }>,
  ): NotifierDecision {
    const sets = new Map(state.sets);
    const effects: Effect<NotifierCommand>[] = [];
    for (const [index, config] of alerting.alertmanagers.entries()) {
      const name = setName(index);
      if (state.sets.has(name)) effects.push(tell(setRef(name), { kind: "configure", config }));
      else effects.push(spawnSet(name, config));
      sets.set(name, "wanted");
    }
    for (const name of wantedOf(state)) {
      if (indexOf(name) < alerting.alertmanagers.length) continue;
      sets.set(name, "retiring");
      effects.push(tell(setRef(name), { kind: "retire" }));
    }
    return {
      events: [{ kind: "applied", alerting, externalLabels: labelsOf(externalLabels), sets }],
      effects,
    };
  }

  function onSetEnded(state: NotifierState, name: string): NotifierDecision {
    const config = state.alerting.alertmanagers[indexOf(name)];
    // Wanted again after it had said its last word.
    if (state.sets.get(name) === "wanted" && config !== undefined) {
      return { events: [], effects: [spawnSet(name, config)] };
    }
    return { events: [{ kind: "setEnded", name }], effects: [] };
  }

  function spawnSet(name: string, config: AlertmanagerConfig): Effect<NotifierCommand> {
    const behavior = alertmanagerSetBehavior({
      path: setRef(name).path,
      config,
      deps: options.alertmanager,
    });
    return { kind: "spawn", name, behavior };
  }

  return {
    name: "notifier",
    initial: () => ({ alerting: NO_ALERTING, externalLabels: EMPTY_LABELS, sets: new Map() }),
    decide,
    evolve,
    resume: () => applied === undefined ? [] : [tell(self, { kind: "start" })],
    childEnded: (name) => ({ kind: "childEnded", name }),
    persistence: { kind: "none" },
    supervision: {
      scope: "oneForOne",
      restartsMax: Number.POSITIVE_INFINITY,
      windowMs: 60_000,
      backoffMs: { min: 100, max: 10_000 },
      directive: () => "restart",
    },
  };
}

/** By place in the configuration, as Prometheus names them: an entry that changes keeps the queues of its URLs. */
function setName(index: number): string {
  return `config-${index}`;
}

function indexOf(name: string): number {
  return Number(name.slice("config-".length));
}

function wantedOf(state: NotifierState): readonly string[] {
  return [...state.sets].filter(([, standing]) => standing === "wanted").map(([name]) => name);
}

function evolve(state: NotifierState, event: NotifierEvent): NotifierState {
  switch (event.kind) {
    case "applied":
      return { alerting: event.alerting, externalLabels: event.externalLabels, sets: event.sets };
    case "setEnded": {
      const sets = new Map(state.sets);
      sets.delete(event.name);
      return { ...state, sets };
    }
    default:
      return assertNever(event);
  }
}
