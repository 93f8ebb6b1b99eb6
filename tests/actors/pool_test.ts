import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ScrapeConfig } from "../../lib/config/types.ts";
import { labelsOf } from "../../lib/model/labels.ts";
import { scrapePoolBehavior } from "../../actors/scrape_pool.ts";
import { brief, clientsThat, Decider, effectOf, NO_FILES, QUIET, STILL } from "./decider.ts";
import { job, targetsIn } from "./fixtures.ts";

const FILES = "  file_sd_configs: [{files: [/t.json]}]\n";

async function newPool(config: ScrapeConfig) {
  const behavior = scrapePoolBehavior({
    path: "/scrape/j",
    target: {
      storage: { path: "/storage" },
      clients: clientsThat(() => ""),
      files: NO_FILES,
      clock: STILL,
      yieldToLoop: () => Promise.resolve(),
      log: QUIET,
      userAgent: "test",
      keepsExemplars: false,
      observeInterval: () => {},
    },
    files: NO_FILES,
    clock: STILL,
    log: QUIET,
  }, { config, offsetSeed: 1 });
  const pool = new Decider(behavior, 0);
  const names = new Map(
    targetsIn(await job({ targets: ["a:1", "b:1", "c:1"] })).map((
      { target, name },
    ) => [name, target.url[7]!]),
  );
  /** Effects with the targets' names made short: `spawn a`. */
  const short = (effects: Parameters<typeof brief>[0]) =>
    brief(effects).map((line) =>
      [...names].reduce((text, [name, letter]) => text.replace(name, letter), line)
    );
  const nameOf = (letter: string) => [...names].find(([, of]) => of === letter)![0];
  return { pool, short, nameOf };
}

function configure(config: ScrapeConfig, offsetSeed = 1) {
  return { kind: "configure", config, offsetSeed } as const;
}

Deno.test("a pool starts its targets, and a new configuration touches only those it changes", async () => {
  const { pool, short } = await newPool(await job({ targets: ["a:1", "b:1"] }));
  deepStrictEqual(short(pool.resume()), ["tell /scrape/j start"]);
  deepStrictEqual(short(pool.send({ kind: "start" }).effects), ["stop a", "spawn a", "stop b", "spawn b"]);
  deepStrictEqual(short(pool.send(configure(await job({ targets: ["a:1", "b:1"] }))).effects), []);
  const changed = await job({ targets: ["b:1", "c:1"] });
  deepStrictEqual(short(pool.send(configure(changed)).effects), [
    "stop c",
    "spawn c",
    "tell /scrape/j/a retire",
  ]);
});

const RESTARTING: readonly (readonly [what: string, more: string])[] = [
  ["sample limit", "  sample_limit: 5\n"],
  ["relabelling of samples", "  metric_relabel_configs: [{regex: x, action: labeldrop}]\n"],
];

for (const [what, more] of RESTARTING) {
  Deno.test(`a changed ${what} starts targets anew under the same name`, async () => {
    const { pool, short } = await newPool(await job());
    pool.send({ kind: "start" });
    deepStrictEqual(short(pool.send(configure(await job({ more }))).effects), ["stop a", "spawn a"]);
  });
}

Deno.test("a changed scrape interval starts targets anew under the same name, so that their series go on", async () => {
  const { pool, short } = await newPool(await job());
  pool.send({ kind: "start" });
  const faster = { ...await job(), scrapeIntervalMs: 7_000 };
  deepStrictEqual(short(pool.send(configure(faster)).effects), ["stop a", "spawn a"]);
});

Deno.test("another offset seed starts targets anew", async () => {
  const { pool, short } = await newPool(await job());
  pool.send({ kind: "start" });
  deepStrictEqual(short(pool.send(configure(await job(), 2)).effects), ["stop a", "spawn a"]);
});

Deno.test("a restarted pool starts from the newest configuration, not from one that waits behind it", async () => {
  const { pool, short } = await newPool(await job({ targets: ["a:1"] }));
  pool.send({ kind: "start" });
  pool.send(configure(await job({ targets: ["b:1"] })));
  deepStrictEqual(short(pool.restart()), ["tell /scrape/j start"]);
  // A configuration that waited while the pool was down comes before its own message.
  deepStrictEqual(short(pool.send(configure(await job({ targets: ["c:1"] }))).effects), [
    "stop c",
    "spawn c",
  ]);
  deepStrictEqual(short(pool.send({ kind: "start" }).effects), []);
});

Deno.test("over the target limit every scrape fails, new targets' first too, until it is under again", async () => {
  const { pool, short, nameOf } = await newPool(await job({ targets: ["a:1"], more: "  target_limit: 1\n" }));
  pool.send({ kind: "start" });
  const over = pool.send(configure(await job({ targets: ["a:1", "b:1"], more: "  target_limit: 1\n" })));
  deepStrictEqual(short(over.effects), ["tell /scrape/j/a force", "stop b", "spawn b"]);
  const spawned = effectOf(over.effects, "spawn");
  strictEqual(spawned.name, nameOf("b"));
  deepStrictEqual(
    (spawned.behavior.initial() as { readonly forced: string }).forced,
    "target_limit exceeded (number of targets: 2, limit: 1)",
  );
  const under = pool.send(configure(await job({ targets: ["a:1"], more: "  target_limit: 1\n" })));
  deepStrictEqual(short(under.effects), ["tell /scrape/j/a force", "tell /scrape/j/b retire"]);
  deepStrictEqual(effectOf(under.effects, "tell").command, { kind: "force", reason: undefined });
});

Deno.test("a target that comes back while it leaves is stopped and started", async () => {
  const { pool, short, nameOf } = await newPool(await job());
  pool.send({ kind: "start" });
  pool.send(configure(await job({ targets: ["b:1"] })));
  deepStrictEqual(short(pool.send(configure(await job({ targets: ["a:1", "b:1"] }))).effects), [
    "stop a",
    "spawn a",
  ]);
  // The word of the first one's end comes later, and is not taken for the second's.
  deepStrictEqual(pool.send({ kind: "targetEnded", name: nameOf("a") }), { events: [], effects: [] });
});

Deno.test("a retired pool tells its targets, and ends with the last of them", async () => {
  const { pool, short, nameOf } = await newPool(await job({ targets: ["a:1", "b:1"] }));
  pool.send({ kind: "start" });
  deepStrictEqual(short(pool.send({ kind: "retire" }).effects), [
    "tell /scrape/j/a retire",
    "tell /scrape/j/b retire",
  ]);
  deepStrictEqual(short(pool.send({ kind: "targetEnded", name: nameOf("a") }).effects), []);
  deepStrictEqual(short(pool.send({ kind: "targetEnded", name: nameOf("b") }).effects), ["stopSelf"]);
});

Deno.test("a retired pool that restarts has nothing left to do", async () => {
  const { pool } = await newPool(await job());
  pool.send({ kind: "start" });
  pool.send({ kind: "retire" });
  deepStrictEqual(brief(pool.restart()), ["stopSelf"]);
  deepStrictEqual(pool.send({ kind: "start" }), { events: [], effects: [] });
});

function found(provider: string, targets: readonly string[]) {
  const groups = [{
    source: "f",
    labels: labelsOf([]),
    targets: targets.map((address) => labelsOf([["__address__", address]])),
  }];
  return { kind: "groupsFound", provider, groups, errors: [] } as const;
}

Deno.test("what discovery finds becomes targets; the last word of a discovery that was stopped does not", async () => {
  const config = await job({ targets: [], more: FILES });
  const { pool, short } = await newPool(config);
  const discovery = effectOf(pool.resume(), "spawn");
  strictEqual(discovery.name, "discovery:file");
  pool.send({ kind: "start" });
  const provider = `discovery:file ${JSON.stringify(config.fileSdConfigs)}`;
  deepStrictEqual(short(pool.send(found(provider, ["a:1"])).effects), ["stop a", "spawn a"]);
  const other = await job({ targets: [], more: FILES.replace("t.json", "u.json") });
  deepStrictEqual(short(pool.send(configure(other)).effects), [
    "stop discovery:file",
    "spawn discovery:file",
  ]);
  deepStrictEqual(pool.send(found(provider, ["b:1"])), { events: [], effects: [] });
  const none = await job({ targets: ["c:1"] });
  deepStrictEqual(short(pool.send(configure(none)).effects), [
    "stop c",
    "spawn c",
    "tell /scrape/j/a retire",
    "stop discovery:file",
  ]);
  deepStrictEqual(pool.send(found(provider, ["a:1"])), { events: [], effects: [] });
});

Deno.test("a pool that is wanted again while it leaves looks at its files again", async () => {
  const config = await job({ targets: [], more: FILES });
  const { pool, short } = await newPool(config);
  pool.send({ kind: "start" });
  const provider = `discovery:file ${JSON.stringify(config.fileSdConfigs)}`;
  pool.send(found(provider, ["a:1"]));
  pool.send({ kind: "retire" });
  deepStrictEqual(pool.send(found(provider, ["b:1"])), { events: [], effects: [] });
  deepStrictEqual(short(pool.send(configure(config)).effects), [
    "stop a",
    "spawn a",
    "stop discovery:file",
    "spawn discovery:file",
  ]);
});

Deno.test("of two targets with the same series the first is scraped", async () => {
  const twice = await job({
    targets: ["a:1", "b:1"],
    more:
      "  relabel_configs: [{target_label: instance, replacement: x}, {target_label: __address__, replacement: 'y:1'}, " +
      "{source_labels: [__address__], target_label: __tmp}]\n",
  });
  const { pool } = await newPool(twice);
  strictEqual(pool.send({ kind: "start" }).effects.filter(({ kind }) => kind === "spawn").length, 1);
});

Deno.test("however often targets fail, the pool does not give up on their siblings", async () => {
  const behavior = scrapePoolBehavior({} as never, { config: await job(), offsetSeed: 1 });
  strictEqual(behavior.supervision.directive(new Error("x"), "a"), "restart");
  ok(behavior.supervision.restartsMax === Infinity && behavior.supervision.scope === "oneForOne");
});
