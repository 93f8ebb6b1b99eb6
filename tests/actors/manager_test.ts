import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ScrapeConfig } from "../../lib/config/types.ts";
import { scrapeManagerBehavior } from "../../actors/scrape_manager.ts";
import type { ScrapeManagerView } from "../../actors/protocol/scrape.ts";
import { brief, Decider, effectOf } from "./decider.ts";
import { job } from "./fixtures.ts";

function newManager() {
  return new Decider(scrapeManagerBehavior({ path: "/scrape", hostname: "h", pool: {} as never }), 0);
}

function apply(...scrapeConfigs: readonly ScrapeConfig[]) {
  return { kind: "apply", scrapeConfigs, externalLabels: [] } as const;
}

const [x, y] = [await job({ name: "x" }), await job({ name: "y/z" })];

function jobsOf(manager: ReturnType<typeof newManager>): readonly string[] {
  const { effects } = manager.send({ kind: "describe", replyTo: { path: "/", token: 1 } });
  return (effectOf(effects, "reply").reply as ScrapeManagerView).pools.map(({ jobName }) => jobName);
}

Deno.test("a job that is added gets a pool, one that stays hears of it, one that goes is retired", () => {
  const manager = newManager();
  deepStrictEqual(brief(manager.send(apply(x)).effects), ["spawn x"]);
  deepStrictEqual(brief(manager.send(apply(x, y)).effects), ["tell /scrape/x configure", "spawn y%2Fz"]);
  deepStrictEqual(brief(manager.send(apply(y)).effects), [
    "tell /scrape/y%2Fz configure",
    "tell /scrape/x retire",
  ]);
  deepStrictEqual(jobsOf(manager), ["y/z"]);
  deepStrictEqual(
    brief(manager.send(apply(y)).effects),
    ["tell /scrape/y%2Fz configure"],
    "told once to retire",
  );
  manager.send({ kind: "poolEnded", name: "x" });
  deepStrictEqual(brief(manager.send(apply(x, y)).effects), ["spawn x", "tell /scrape/y%2Fz configure"]);
});

Deno.test("a job that is wanted again while its pool leaves goes on, or starts anew if the pool was faster", () => {
  const manager = newManager();
  manager.send(apply(x));
  manager.send(apply());
  deepStrictEqual(brief(manager.send(apply(x)).effects), ["tell /scrape/x configure"]);
  deepStrictEqual(brief(manager.send({ kind: "poolEnded", name: "x" }).effects), ["spawn x"]);
  deepStrictEqual(jobsOf(manager), ["x"]);
});

Deno.test("a restarted manager starts the pools that it had", () => {
  const manager = newManager();
  deepStrictEqual(manager.resume(), []);
  manager.send(apply(x));
  manager.send(apply(x, y));
  deepStrictEqual(brief(manager.restart()), ["tell /scrape start"]);
  deepStrictEqual(brief(manager.send({ kind: "start" }).effects), ["spawn x", "spawn y%2Fz"]);
  deepStrictEqual(jobsOf(manager), ["x", "y/z"]);
});

Deno.test("an empty configuration that waited while the manager restarted is the one that counts", () => {
  const manager = newManager();
  manager.send(apply(x));
  manager.restart();
  manager.send(apply());
  deepStrictEqual(brief(manager.send({ kind: "start" }).effects), []);
  strictEqual(jobsOf(manager).length, 0);
});
