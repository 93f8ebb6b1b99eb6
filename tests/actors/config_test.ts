import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Effect, ReplyTo } from "../../lib/actor/types.ts";
import { loadConfig } from "../../lib/config/load.ts";
import type { PrometheusConfig } from "../../lib/config/types.ts";
import { configBehavior } from "../../actors/config.ts";
import type { ConfigCommand, ReloadOutcome } from "../../actors/protocol/config.ts";
import { memoryFiles, noEnv } from "../config/memory_files.ts";
import { brief, Decider, effectOf, QUIET } from "./decider.ts";

const REPLY_TO: ReplyTo<ReloadOutcome> = { path: "/", token: 1 };

function newConfig(load: () => Promise<PrometheusConfig>) {
  const behavior = configBehavior({
    load,
    digestOf: ({ yaml }) => yaml,
    scrape: { path: "/scrape" },
    notifier: { path: "/notifier" },
    log: QUIET,
  });
  return { behavior, config: new Decider(behavior, 5_000) };
}

function loading(text: string): Promise<PrometheusConfig> {
  return loadConfig("/p.yml", memoryFiles({ "/p.yml": text }), noEnv);
}

async function loadedBy(effects: readonly Effect<ConfigCommand>[]): Promise<ConfigCommand> {
  const task = effectOf(effects, "task");
  try {
    return await task.run(new AbortController().signal);
  } catch (error) {
    return task.failed(error);
  }
}

const GOOD = "scrape_configs: [{job_name: x}]\n";

Deno.test("a configuration that loads is handed on, and journalled by its digest alone", async () => {
  const { config, behavior } = newConfig(() => loading(GOOD));
  const asked = config.send({ kind: "reload", replyTo: REPLY_TO });
  const { events, effects } = config.send(await loadedBy(asked.effects));
  deepStrictEqual(brief(effects), [
    "tell /scrape apply",
    "tell /notifier apply",
    'reply {"kind":"applied"}',
  ]);
  const { persistence } = behavior;
  ok(persistence.kind === "ahead");
  deepStrictEqual(events.map((event) => [event.kind, persistence.durable(event)]), [
    ["configHeld", false],
    ["configApplied", true],
  ]);
  strictEqual(config.state.lastReloadSucceeded, true);
  strictEqual(config.state.lastAppliedMs, 5_000);
  strictEqual(config.state.config?.scrapeConfigs.length, 1);
});

Deno.test("a configuration that does not load changes nothing and says why", async () => {
  let text = GOOD;
  const { config } = newConfig(() => loading(text));
  config.send(await loadedBy(config.send({ kind: "reload", replyTo: REPLY_TO }).effects));
  text = "scrape_configs: [{job_name: x, scrape_interval: soon}]\n";
  config.nowMs = 9_000;
  const { effects } = config.send(await loadedBy(config.send({ kind: "reload", replyTo: REPLY_TO }).effects));
  deepStrictEqual(effects.map(({ kind }) => kind), ["reply"]);
  const outcome = effectOf(effects, "reply").reply as ReloadOutcome;
  ok(outcome.kind === "rejected" && outcome.reason.includes("scrape_interval"), JSON.stringify(outcome));
  const { config: held, ...status } = config.state;
  deepStrictEqual(status, { lastReloadSucceeded: false, lastAppliedMs: 5_000 });
  strictEqual(held?.scrapeConfigs[0]?.jobName, "x");
});

Deno.test("of two reloads the one asked for later reads later, however slow the first is", async () => {
  const texts = ["scrape_configs: [{job_name: old}]\n", "scrape_configs: [{job_name: new}]\n"];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let loads = 0;
  const { config } = newConfig(async () => {
    const mine = loads++;
    await gates[mine]!.promise;
    return await loading(texts[mine]!);
  });
  const first = loadedBy(config.send({ kind: "reload", replyTo: REPLY_TO }).effects);
  const second = loadedBy(config.send({ kind: "reload", replyTo: REPLY_TO }).effects);
  const order: string[] = [];
  const note = (name: string) => (command: ConfigCommand) => {
    order.push(name);
    config.send(command);
  };
  const both = Promise.all([first.then(note("first")), second.then(note("second"))]);
  gates[1]!.resolve();
  await Promise.resolve();
  strictEqual(loads, 1, "the second waits for the first");
  gates[0]!.resolve();
  await both;
  deepStrictEqual(order, ["first", "second"]);
  strictEqual(config.state.config?.scrapeConfigs[0]?.jobName, "new");
});

Deno.test("a load that hangs does not keep the next one waiting beyond its deadline", async () => {
  let loads = 0;
  const { config } = newConfig(() => loads++ === 0 ? new Promise(() => {}) : loading(GOOD));
  const hung = effectOf(config.send({ kind: "reload", replyTo: REPLY_TO }).effects, "task");
  const abort = new AbortController();
  void hung.run(abort.signal);
  const next = loadedBy(config.send({ kind: "reload", replyTo: REPLY_TO }).effects);
  abort.abort(new Error("deadline"));
  strictEqual((await next).kind, "loaded");
});

Deno.test("neither the configuration nor its secrets are in a snapshot", async () => {
  const { config, behavior } = newConfig(() =>
    loading("scrape_configs: [{job_name: x, basic_auth: {username: u, password: hush}}]\n")
  );
  config.send(await loadedBy(config.send({ kind: "reload", replyTo: REPLY_TO }).effects));
  const { persistence } = behavior;
  ok(persistence.kind === "ahead");
  const bytes = persistence.state.encode(config.state);
  ok(!new TextDecoder().decode(bytes).includes("hush"));
  strictEqual(persistence.state.decode(bytes, 1).lastAppliedMs, 5_000);
});
