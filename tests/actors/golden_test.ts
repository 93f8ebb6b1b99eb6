/** What is in a journal stays readable: every version ever written decodes, and folds to the state it stood for. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Behavior, Tagged } from "../../lib/actor/types.ts";
import { activeQueriesBehavior } from "../../actors/active_queries.ts";
import { configBehavior } from "../../actors/config.ts";
import { targetBehavior } from "../../actors/target.ts";
import { clientsThat, NO_FILES, QUIET, STILL } from "./decider.ts";
import { job, targetsIn } from "./fixtures.ts";

interface Golden {
  readonly version: number;
  readonly events: readonly Tagged[];
  readonly snapshot: Readonly<Record<string, unknown>>;
}

function golden(name: string): Golden {
  return JSON.parse(Deno.readTextFileSync(new URL(`./golden/${name}.json`, import.meta.url)));
}

/** The keys of a state that a snapshot stands for. */
function check<S extends object, C extends Tagged, E extends Tagged>(
  behavior: Behavior<S, C, E>,
  { version, events, snapshot }: Golden,
  kept: readonly (keyof S & string)[],
): void {
  const { persistence } = behavior;
  ok(persistence.kind === "ahead");
  const encoder = new TextEncoder();
  let state = behavior.initial();
  for (const written of events) {
    const event = persistence.events.decode(encoder.encode(JSON.stringify(written)), version);
    ok(persistence.durable(event), `${event.kind} is one that is journalled`);
    deepStrictEqual(JSON.parse(new TextDecoder().decode(persistence.events.encode(event))), written);
    state = behavior.evolve(state, event);
  }
  const restored = persistence.state.decode(encoder.encode(JSON.stringify(snapshot)), version);
  for (const key of kept) {
    deepStrictEqual(restored[key], snapshot[key], key);
    deepStrictEqual(state[key], snapshot[key], key);
  }
  strictEqual(
    JSON.stringify(restored),
    JSON.stringify({ ...restored, ...state }),
    "a snapshot stands for a replay",
  );
}

Deno.test("journals of targets of version 1 decode", async () => {
  const config = await job();
  const { target, name } = targetsIn(config)[0]!;
  const deps = {
    storage: { path: "/storage" },
    clients: clientsThat(() => ""),
    files: NO_FILES,
    clock: STILL,
    yieldToLoop: () => Promise.resolve(),
    log: QUIET,
    userAgent: "test",
    keepsExemplars: false,
    observeInterval: () => {},
  } as const;
  const behavior = targetBehavior({
    target,
    name,
    config,
    offsetSeed: 0,
    pool: { path: "/scrape/j" },
    forced: undefined,
    deps,
  });
  check(behavior, golden("target_events_v1"), ["health", "reason"]);
});

Deno.test("journals of the configuration of version 1 decode", () => {
  const behavior = configBehavior({
    load: () => Promise.reject(new Error("not now")),
    digestOf: () => "",
    scrape: { path: "/scrape" },
    log: QUIET,
  });
  check(behavior, golden("config_events_v1"), ["lastReloadSucceeded", "lastAppliedMs"]);
});

Deno.test("journals of active queries of version 1 decode", () => {
  check(activeQueriesBehavior({ log: QUIET, life: 1767229200000 }), golden("active_queries_events_v1"), [
    "noted",
  ]);
});
