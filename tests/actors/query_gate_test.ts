import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { UserError } from "../../lib/core/errors.ts";
import type { QueryEngine } from "../../lib/promql/result.ts";
import { NOTE_AFTER_MS, queryGateBehavior, QUEUE_LENGTH_MAX } from "../../actors/query_gate.ts";
import type { GateStatus, QueryGateCommand, QueryOutcome } from "../../actors/protocol/query_gate.ts";
import { brief, Decider, effectOf, QUIET } from "./decider.ts";

const SILENT: QueryEngine = { instant: () => new Promise(() => {}), range: () => new Promise(() => {}) };

function newGate(concurrencyMax: number, engine: QueryEngine = SILENT) {
  const behavior = queryGateBehavior({
    path: "/query_gate",
    yieldToLoop: () => Promise.resolve(),
    engine,
    concurrencyMax,
    log: QUIET,
    life: 1,
  });
  return new Decider(behavior, 1_000);
}

function run(id: string, deadlineMs = 60_000): QueryGateCommand {
  return {
    kind: "run",
    id,
    spec: { kind: "instant", query: id, timeMs: 0 },
    lookbackMs: undefined,
    countsSteps: false,
    deadlineMs,
    replyTo: { path: "/", token: Number(id.slice(1)) },
  };
}

const DONE: QueryOutcome = { kind: "failed", code: "execution", message: "done" };

function statusOf(gate: ReturnType<typeof newGate>): GateStatus {
  const { effects } = gate.send({ kind: "describe", replyTo: { path: "/", token: 99 } });
  return effectOf(effects, "reply").reply as GateStatus;
}

function codeOf(effects: Parameters<typeof effectOf>[0]): string {
  const outcome = effectOf(effects, "reply").reply as QueryOutcome;
  return outcome.kind === "failed" ? outcome.code : outcome.kind;
}

Deno.test("as many queries run as may, the others wait in order", () => {
  const gate = newGate(2);
  deepStrictEqual(brief(gate.send(run("q1")).effects), ["task q1", "timer note:q1 1250"]);
  deepStrictEqual(brief(gate.send(run("q2")).effects), ["task q2", "timer note:q2 1250"]);
  deepStrictEqual(brief(gate.send(run("q3", 5_000)).effects), ["timer q3 5000"]);
  deepStrictEqual(brief(gate.send(run("q4", 6_000)).effects), ["timer q4 6000"]);
  const ended = gate.send({ kind: "finished", id: "q2", outcome: DONE });
  deepStrictEqual(brief(ended.effects).slice(1), [
    "cancelTimer note:q2",
    "cancelTimer q3",
    "task q3",
    "timer note:q3 1250",
  ]);
  const { running, queued } = statusOf(gate);
  deepStrictEqual([running.map(({ query }) => query), queued], [["q1", "q3"], 1]);
});

Deno.test("a query whose deadline comes while it waits is answered, and leaves the queue", () => {
  const gate = newGate(1);
  gate.send(run("q1"));
  gate.send(run("q2", 5_000));
  gate.send(run("q3"));
  const { effects } = gate.send({ kind: "queueDeadline", id: "q2" });
  strictEqual(codeOf(effects), "timeout");
  deepStrictEqual(brief(gate.send({ kind: "finished", id: "q1", outcome: DONE }).effects).slice(2, 4), [
    "cancelTimer q3",
    "task q3",
  ]);
  deepStrictEqual(gate.send({ kind: "queueDeadline", id: "q3" }), { events: [], effects: [] }, "it runs");
});

Deno.test("cancelling a query that waits frees its place, one that runs its slot", async () => {
  const aborted = new UserError("canceled", "query was canceled");
  const gate = newGate(1, {
    ...SILENT,
    instant: (_query, _timeMs, options) =>
      new Promise((_resolve, reject) => options?.signal?.addEventListener("abort", () => reject(aborted))),
  });
  const task = effectOf(gate.send(run("q1")).effects, "task");
  const running = task.run(new AbortController().signal).catch(task.failed);
  gate.send(run("q2"));
  gate.send(run("q3"));
  strictEqual(codeOf(gate.send({ kind: "cancel", id: "q2" }).effects), "canceled");
  deepStrictEqual(gate.send({ kind: "cancel", id: "q1" }), { events: [], effects: [] });
  const { effects } = gate.send(await running);
  strictEqual(codeOf(effects), "canceled");
  deepStrictEqual(brief(effects).slice(2, 4), ["cancelTimer q3", "task q3"]);
  deepStrictEqual(gate.send({ kind: "cancel", id: "q2" }), { events: [], effects: [] }, "it is gone");
});

Deno.test("a query beyond the longest queue is refused", () => {
  const gate = newGate(1);
  for (let i = 0; i <= QUEUE_LENGTH_MAX; i++) gate.send(run(`q${i + 1}`));
  strictEqual(codeOf(gate.send(run("q9999")).effects), "unavailable");
  strictEqual(statusOf(gate).queued, QUEUE_LENGTH_MAX);
});

Deno.test("waiting counts against a query's own timeout", async () => {
  let allowedMs: number | undefined;
  const gate = newGate(1, {
    ...SILENT,
    instant: (_query, _timeMs, options) => {
      allowedMs = options?.timeoutMs;
      return Promise.reject(new UserError("execution", "no"));
    },
  });
  gate.send(run("q1"));
  gate.send(run("q2", 9_000));
  gate.nowMs = 4_000;
  const { effects } = gate.send({ kind: "finished", id: "q1", outcome: DONE });
  const task = effectOf(effects, "task");
  await task.run(new AbortController().signal).catch(() => {});
  strictEqual(allowedMs, 5_000);
  ok(task.timeoutMs > 5_000);
});

Deno.test("an engine's own mistake is an internal error to the asker, and frees the slot", () => {
  const gate = newGate(1);
  const task = effectOf(gate.send(run("q1")).effects, "task");
  const { effects } = gate.send(task.failed(new TypeError("x is undefined")));
  strictEqual(codeOf(effects), "internal");
  strictEqual(statusOf(gate).running.length, 0);
});

Deno.test("a query that runs long is noted once, and its note goes with it", () => {
  const gate = newGate(1);
  gate.send(run("q1"));
  gate.nowMs += NOTE_AFTER_MS;
  const [noted] = gate.send({ kind: "noteDue", id: "q1" }).effects;
  deepStrictEqual(noted, {
    kind: "tell",
    to: { path: "/query_gate/active" },
    command: { kind: "note", id: "q1", query: "q1", startedMs: 1_000 },
  });
  const ended = gate.send({ kind: "finished", id: "q1", outcome: DONE });
  deepStrictEqual(brief(ended.effects).slice(1), ["tell /query_gate/active drop"]);
  deepStrictEqual(gate.send({ kind: "noteDue", id: "q1" }), { events: [], effects: [] }, "it has ended");
});

Deno.test("the statistics of an answer say how long its query waited", async () => {
  const stats = { samplesTotal: 1, samplesRead: 1, samplesPeak: 1, prepareMs: 1, evalMs: 1 };
  const value = { kind: "scalar", tMs: 0, value: 1 } as const;
  const gate = newGate(1, {
    ...SILENT,
    instant: () => Promise.resolve({ value, warnings: [], infos: [], stats }),
  });
  gate.send(run("q1"));
  gate.send(run("q2"));
  gate.nowMs += 700;
  const { effects } = gate.send({ kind: "finished", id: "q1", outcome: DONE });
  const done = await effectOf(effects, "task").run(new AbortController().signal);
  const { reply } = effectOf(gate.send(done).effects, "reply");
  deepStrictEqual(reply, {
    kind: "answered",
    result: { value, warnings: [], infos: [], stats: { ...stats, queuedMs: 700 } },
  });
});

Deno.test("a query that joins others waits for a turn of the loop, one that is alone begins at once", async () => {
  const begun: string[] = [];
  let turn = () => {};
  const gate = new Decider(
    queryGateBehavior({
      path: "/query_gate",
      engine: { ...SILENT, instant: (query) => (begun.push(query), new Promise(() => {})) },
      concurrencyMax: 2,
      log: QUIET,
      yieldToLoop: () => new Promise((resolve) => turn = resolve),
      life: 1,
    }),
    1_000,
  );
  const { signal } = new AbortController();
  void effectOf(gate.send(run("q1")).effects, "task").run(signal);
  void effectOf(gate.send(run("q2")).effects, "task").run(signal);
  deepStrictEqual(begun, ["q1"]);
  turn();
  await Promise.resolve();
  deepStrictEqual(begun, ["q1", "q2"]);
});
