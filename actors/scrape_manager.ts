/**
 * The parent of all scrape pools: one a job. A new configuration reaches the pools that stay as a message, so that
 * each decides for itself which of its targets changed.
 */
import { reply, tell } from "../lib/actor/effects.ts";
import type { ActorPath, ActorRef, Behavior, Decision, Effect } from "../lib/actor/types.ts";
import type { ScrapeConfig } from "../lib/config/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import { labelsOf } from "../lib/model/labels.ts";
import { offsetSeed } from "../lib/scrape/schedule.ts";
import type { ScrapeManagerCommand, ScrapePoolCommand } from "./protocol/scrape.ts";
import { scrapePoolBehavior, type ScrapePoolOptions } from "./scrape_pool.ts";

export interface ScrapeManagerOptions {
  readonly path: ActorPath;
  /** Of this machine: two servers of a pair scrape at different offsets. */
  readonly hostname: string;
  readonly pool: Omit<ScrapePoolOptions, "path">;
}

interface ManagedPool {
  readonly config: ScrapeConfig;
  readonly retiring: boolean;
}

interface ScrapeManagerState {
  /** By spawn name; a retiring pool still has markers to write. */
  readonly pools: ReadonlyMap<string, ManagedPool>;
  readonly offsetSeed: number;
  readonly reloads: number;
}

type ScrapeManagerEvent =
  | { readonly kind: "poolsChanged"; readonly configs: readonly ScrapeConfig[]; readonly offsetSeed: number }
  | { readonly kind: "poolEnded"; readonly name: string };

type ManagerDecision = Decision<ScrapeManagerCommand, ScrapeManagerEvent>;

export function scrapeManagerBehavior(
  options: ScrapeManagerOptions,
): Behavior<ScrapeManagerState, ScrapeManagerCommand, ScrapeManagerEvent> {
  const self: ActorRef<ScrapeManagerCommand> = { path: options.path };
  /** The newest orders: a restarted manager starts from them. */
  let applied: Extract<ScrapeManagerCommand, { kind: "apply" }> | undefined;
  const poolRef = (name: string): ActorRef<ScrapePoolCommand> => ({ path: `${options.path}/${name}` });

  function decide(state: ScrapeManagerState, command: ScrapeManagerCommand): ManagerDecision {
    switch (command.kind) {
      case "apply":
        applied = command;
        return onApply(state, command);
      case "start":
        return applied === undefined ? { events: [], effects: [] } : onApply(state, applied);
      case "poolEnded":
        return onPoolEnded(state, command.name);
      case "describe": {
        const pools = [...state.pools]
          .filter(([, pool]) => !pool.retiring)
          .map(([name, { config }]) => ({ jobName: config.jobName, pool: poolRef(name) }));
        return { events: [], effects: [reply(command.replyTo, { pools, reloads: state.reloads })] };
      }
      default:
        return assertNever(command);
    }
  }

  function onApply(
    state: ScrapeManagerState,
    { scrapeConfigs, externalLabels }: Extract<ScrapeManagerCommand, { kind: "apply" }>,
  ): ManagerDecision {
    const seed = offsetSeed(options.hostname, labelsOf(externalLabels));
    const effects: Effect<ScrapeManagerCommand>[] = [];
    const wanted = new Set<string>();
    for (const config of scrapeConfigs) {
      const name = poolNameOf(config.jobName);
      wanted.add(name);
      if (state.pools.has(name)) {
        effects.push(tell(poolRef(name), { kind: "configure", config, offsetSeed: seed }));
      } else effects.push(spawnPool(name, config, seed));
    }
    for (const [name, { retiring }] of state.pools) {
      if (!wanted.has(name) && !retiring) effects.push(tell(poolRef(name), { kind: "retire" }));
    }
    return { events: [{ kind: "poolsChanged", configs: scrapeConfigs, offsetSeed: seed }], effects };
  }

  function onPoolEnded(state: ScrapeManagerState, name: string): ManagerDecision {
    const pool = state.pools.get(name);
    // Wanted again after it had said its last word.
    if (pool !== undefined && !pool.retiring) {
      return { events: [], effects: [spawnPool(name, pool.config, state.offsetSeed)] };
    }
    return { events: [{ kind: "poolEnded", name }], effects: [] };
  }

  function spawnPool(name: string, config: ScrapeConfig, offsetSeed: number): Effect<ScrapeManagerCommand> {
    const behavior = scrapePoolBehavior({ ...options.pool, path: poolRef(name).path }, {
      config,
      offsetSeed,
    });
    return { kind: "spawn", name, behavior };
  }

  return {
    name: "scrape_manager",
    initial: () => ({ pools: new Map(), offsetSeed: 0, reloads: 0 }),
    decide,
    evolve,
    resume: () => applied === undefined ? [] : [tell(self, { kind: "start" })],
    childEnded: (name) => ({ kind: "poolEnded", name }),
    persistence: { kind: "none" },
    supervision: {
      scope: "oneForOne",
      restartsMax: 10,
      windowMs: 60_000,
      backoffMs: { min: 100, max: 10_000 },
      directive: () => "restart",
    },
  };
}

/** A job may be named with any text, a path may not. */
function poolNameOf(jobName: string): string {
  return encodeURIComponent(jobName);
}

function evolve(state: ScrapeManagerState, event: ScrapeManagerEvent): ScrapeManagerState {
  switch (event.kind) {
    case "poolsChanged": {
      const pools = new Map<string, ManagedPool>();
      for (const [name, pool] of state.pools) pools.set(name, { ...pool, retiring: true });
      for (const config of event.configs) pools.set(poolNameOf(config.jobName), { config, retiring: false });
      return { pools, offsetSeed: event.offsetSeed, reloads: state.reloads + 1 };
    }
    case "poolEnded": {
      const pools = new Map(state.pools);
      pools.delete(event.name);
      return { ...state, pools };
    }
    default:
      return assertNever(event);
  }
}
