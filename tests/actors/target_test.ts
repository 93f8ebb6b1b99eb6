import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Effect } from "../../lib/actor/types.ts";
import type { HttpClients } from "../../lib/core/ports.ts";
import { targetBehavior } from "../../actors/target.ts";
import type { TargetCommand } from "../../actors/protocol/scrape.ts";
import { brief, clientsThat, Decider, effectOf, NO_FILES, QUIET, STILL } from "./decider.ts";
import { job, targetsIn } from "./fixtures.ts";

const NOW = 1_000_000;

async function newTarget(clients: HttpClients = clientsThat(() => "m 1\n"), forced?: string) {
  const config = await job();
  const { target, name } = targetsIn(config)[0]!;
  const behavior = targetBehavior({
    target,
    name,
    config,
    offsetSeed: 7,
    pool: { path: "/scrape/j" },
    forced,
    deps: {
      storage: { path: "/storage" },
      clients,
      files: NO_FILES,
      clock: STILL,
      yieldToLoop: () => Promise.resolve(),
      log: QUIET,
      userAgent: "test",
      keepsExemplars: false,
      observeInterval: () => {},
    },
  });
  const decider = new Decider(behavior, NOW);
  const first = effectOf(decider.resume(), "timer").atMs;
  return { decider, behavior, first, path: `/scrape/j/${name}` };
}

type Target = Awaited<ReturnType<typeof newTarget>>["decider"];

function scrape(decider: Target, dueMs: number): Promise<TargetCommand> {
  decider.nowMs = dueMs;
  return runTask(effectOf(decider.send({ kind: "scrapeDue", dueMs }).effects, "task"));
}

async function runTask(
  task: Extract<Effect<TargetCommand>, { readonly kind: "task" }>,
  signal = new AbortController().signal,
): Promise<TargetCommand> {
  try {
    return await task.run(signal);
  } catch (error) {
    return task.failed(error);
  }
}

function answer(decider: Target, effects: readonly Effect<TargetCommand>[]) {
  const question = effectOf(effects, "ask").question as unknown as { batches: { defined: unknown[] }[] };
  const refs = Uint32Array.from(question.batches[0]!.defined, (_, index) => index);
  const counts = { appended: 1, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 };
  const reply = effectOf(effects, "ask").answered as (reply: unknown) => TargetCommand;
  return decider.send(reply([{ kind: "appended", epoch: 1, refs, counts }]));
}

Deno.test("a scrape arms the next one, and is handed to storage before its health is journalled", async () => {
  const { decider, first, path } = await newTarget();
  decider.nowMs = first;
  const started = decider.send({ kind: "scrapeDue", dueMs: first });
  deepStrictEqual(brief(started.effects), [`timer scrape ${first + 10_000}`, "task http://a:1/metrics"]);
  const scraped = decider.send(await runTask(effectOf(started.effects, "task")));
  deepStrictEqual(brief(scraped.effects), [
    "tell /scrape/j targetScraped",
    "ask /storage append",
    `tell ${path} healthSeen`,
  ]);
  deepStrictEqual(scraped.events, [{ kind: "scrapeReported" }]);
  deepStrictEqual(decider.send({ kind: "healthSeen", atMs: first, lastError: "" }).events, [
    { kind: "wentUp", atMs: first },
  ]);
  deepStrictEqual(decider.send({ kind: "healthSeen", atMs: first, lastError: "" }).events, []);
  answer(decider, scraped.effects);
  strictEqual(decider.state.inFlight, false);
});

Deno.test("a scrape that is due while the last is under way is skipped, counted once, and arms the next", async () => {
  const { decider, first } = await newTarget();
  const scraped = await scrape(decider, first);
  for (let i = 1; i <= 2; i++) {
    decider.nowMs = first + i * 10_000;
    const skipped = decider.send({ kind: "scrapeDue", dueMs: decider.nowMs });
    deepStrictEqual(brief(skipped.effects), [`timer scrape ${decider.nowMs + 10_000}`]);
    deepStrictEqual(skipped.events, [{ kind: "scrapeSkipped", atMs: decider.nowMs }]);
  }
  const told = effectOf(decider.send(scraped).effects, "tell").command;
  strictEqual((told as { readonly tallies: { readonly skipped: number } } & typeof told).tallies.skipped, 2);
  strictEqual(decider.state.skipped, 0);
});

const UNREADABLE: readonly (readonly [what: string, clients: HttpClients, reason: RegExp])[] = [
  ["a client that rejects", clientsThat(() => Promise.reject(new Error("socket gone"))), /socket gone/],
  ["an answer that breaks the reader", broken(), /the answer broke/],
];

for (const [what, clients, reason] of UNREADABLE) {
  Deno.test(`${what} makes the target down, with a report for storage`, async () => {
    const { decider, first } = await newTarget(clients);
    const { effects } = decider.send(await scrape(decider, first));
    const told = effectOf(effects, "tell").command as unknown as {
      status: { health: string; lastError: string };
    };
    strictEqual(told.status.health, "down");
    match(told.status.lastError, reason);
    const { batches } = effectOf(effects, "ask").question as unknown as {
      batches: { rows: { values: Float64Array }[] }[];
    };
    strictEqual(batches[0]!.rows[0]!.values[0], 0, "up is 0");
  });
}

function broken(): HttpClients {
  const get = () =>
    Promise.resolve(
      new Proxy({ kind: "response" } as never, {
        get(target, name) {
          if (name === "status") throw new TypeError("the answer broke");
          return target[name];
        },
      }),
    );
  return { open: () => ({ get, close() {} }) };
}

Deno.test("an answer that comes after the task's deadline does not touch the session", async () => {
  const late = Promise.withResolvers<string>();
  const { decider, first } = await newTarget(clientsThat(() => late.promise as Promise<never>));
  decider.nowMs = first;
  const task = effectOf(decider.send({ kind: "scrapeDue", dueMs: first }).effects, "task");
  const abort = new AbortController();
  const result = runTask(task, abort.signal);
  abort.abort(new Error("deadline"));
  late.resolve("m 1\n");
  const command = await result;
  strictEqual(command.kind, "scrapeFailed");
  ok(command.kind === "scrapeFailed" && !command.broken);
});

Deno.test("a target that never was scraped ends at once, and its journal with it", async () => {
  const { decider } = await newTarget();
  deepStrictEqual(brief(decider.send({ kind: "retire" }).effects), ["forgetSelf"]);
});

Deno.test("a retired target ends its series after two intervals and a tenth, at the first scrape that it misses", async () => {
  const { decider, first } = await newTarget();
  answer(decider, decider.send(await scrape(decider, first)).effects);
  decider.nowMs = first + 3_000;
  const retired = decider.send({ kind: "retire" });
  deepStrictEqual(brief(retired.effects), ["cancelTimer scrape", `timer endOfRun ${first + 24_000}`]);
  deepStrictEqual(decider.send({ kind: "scrapeDue", dueMs: first + 10_000 }).effects, []);
  deepStrictEqual(decider.send({ kind: "retire" }), { events: [], effects: [] });
  const due = decider.send(effectOf(retired.effects, "timer").command);
  const { batches } = effectOf(due.effects, "ask").question as unknown as {
    batches: { rows: { tMs: number; values: Float64Array }[] }[];
  };
  strictEqual(batches[0]!.rows[0]!.tMs, first + 10_000);
  ok(batches[0]!.rows[0]!.values.every(Number.isNaN));
  deepStrictEqual(brief(answer(decider, due.effects).effects), ["tell /storage releaseCohort", "forgetSelf"]);
});

Deno.test("a target retired during a scrape waits with its end until storage has answered", async () => {
  const { decider, first } = await newTarget();
  const scraped = decider.send(await scrape(decider, first));
  const retired = decider.send({ kind: "retire" });
  const due = effectOf(retired.effects, "timer");
  decider.nowMs = due.atMs;
  deepStrictEqual(brief(decider.send(due.command).effects), [`timer endOfRun ${due.atMs + 1_000}`]);
  answer(decider, scraped.effects);
  deepStrictEqual(brief(decider.send(due.command).effects), ["ask /storage append"]);
});

Deno.test("the end of a target is sent anew to a storage that lost the cohort", async () => {
  const { decider, first } = await newTarget();
  answer(decider, decider.send(await scrape(decider, first)).effects);
  const due = effectOf(decider.send({ kind: "retire" }).effects, "timer").command;
  const asked = effectOf(decider.send(due).effects, "ask");
  const reply = asked.answered as (reply: unknown) => TargetCommand;
  const again = decider.send(reply([{ kind: "wrongEpoch", epoch: 9 }]));
  deepStrictEqual(brief(again.effects), ["ask /storage append"]);
  const { batches } = effectOf(again.effects, "ask").question as unknown as {
    batches: { defined: unknown[] }[];
  };
  strictEqual(batches[0]!.defined.length, 6, "all series in full");
});

Deno.test("a restart forgets neither that the target is retired nor that it is over the limit", async () => {
  const { decider, first } = await newTarget();
  answer(decider, decider.send(await scrape(decider, first)).effects);
  decider.send({ kind: "force", reason: "too many" });
  deepStrictEqual(brief(decider.restart()), [`timer scrape ${first}`]);
  strictEqual(decider.state.forced, "too many");
  const due = effectOf(decider.send({ kind: "retire" }).effects, "timer");
  deepStrictEqual(brief(decider.restart()), [`timer endOfRun ${due.atMs}`]);
});

Deno.test("a target that starts over the limit fails its first scrape", async () => {
  const { decider, first } = await newTarget(undefined, "target_limit exceeded");
  const scraped = await scrape(decider, first);
  ok(scraped.kind === "scraped");
  deepStrictEqual(scraped.ending.kind, "unreachable");
});

Deno.test("a scrape that storage does not answer ends, and the next defines its series anew", async () => {
  const { decider, first } = await newTarget();
  const lost = effectOf(decider.send(await scrape(decider, first)).effects, "ask");
  deepStrictEqual(decider.send(lost.failed(new Error("late"))).events, [{ kind: "scrapeEnded" }]);
  const next = decider.send(await scrape(decider, first + 10_000));
  const { batches } = effectOf(next.effects, "ask").question as unknown as {
    batches: { defined: unknown[] }[];
  };
  strictEqual(batches[0]!.defined.length, 6);
});

Deno.test("snapshots keep the health, and nothing of what the target was about to do", async () => {
  const { decider, behavior, first } = await newTarget();
  await scrape(decider, first);
  decider.send({ kind: "healthSeen", atMs: first, lastError: "refused" });
  const { persistence } = behavior;
  ok(persistence.kind === "ahead");
  const kept = persistence.state.decode(persistence.state.encode(decider.state), persistence.state.version);
  deepStrictEqual({
    health: kept.health,
    reason: kept.reason,
    inFlight: kept.inFlight,
    startedMs: kept.startedMs,
  }, {
    health: "down",
    reason: "refused",
    inFlight: false,
    startedMs: undefined,
  });
});
