import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { AlertHistoryEntry } from "../../lib/rules/view.ts";
import type { RuleVector } from "../../lib/rules/vector.ts";
import { groupOf, vector } from "../rules/fixtures.ts";
import { begin, type Life, newRemains, type Remains, START_MS } from "./rules_world.ts";

const INTERVAL_MS = 10_000;
const FOR_MS = 30_000;
const KEEP_MS = 20_000;
const END_MS = START_MS + 170_000;
const GROUP = groupOf(
  "  - record: r\n    expr: m\n  - alert: A\n    expr: m\n    for: 30s\n    keep_firing_for: 20s",
);

/** True for the alert from the 25th to the 105th second. */
function answer(_expr: string, tMs: number): RuleVector {
  const at = tMs - START_MS;
  return at >= 25_000 && at < 105_000 ? vector([{ i: "a" }, 1]) : vector();
}

const names = (history: readonly AlertHistoryEntry[]) => history.map(({ from, to }) => `${from}→${to}`);

interface Outcome {
  readonly history: readonly AlertHistoryEntry[];
  readonly remains: Remains;
  readonly steps: number;
}

/** The whole scenario; after `killAfterSteps` the process dies, and another one begins `downMs` later. */
async function play(seed: number, killAfterSteps: number, downMs: number): Promise<Outcome> {
  const remains = newRemains();
  const options = { remains, seed, groups: [GROUP], answer };
  let life: Life = await begin({ ...options, startMs: START_MS });
  const steps = await life.sim.steps(killAfterSteps, END_MS);
  if (steps === killAfterSteps) {
    // What was on its way to the store may still arrive.
    for (const arrive of remains.kv!.takeUnderWay()) if (seed % 2 === 0) arrive();
    life = await begin({ ...options, startMs: life.sim.clock.nowMs() + downMs });
  }
  await life.sim.run(END_MS);
  return { history: await life.history(), remains, steps };
}

Deno.test("an alert's whole life, from the first match to resolved, is in the journal", async () => {
  const { history, remains } = await play(1, Infinity, 0);
  deepStrictEqual(names(history), [
    "inactive→pending",
    "pending→firing",
    "firing→keptFiring",
    "keptFiring→resolved",
  ]);
  const [pending, firing, kept, resolved] = history;
  strictEqual(firing!.atMs - pending!.atMs, FOR_MS);
  strictEqual(resolved!.atMs - kept!.atMs, KEEP_MS);
  ok(history.every(({ activeAtMs }) => activeAtMs === pending!.atMs));
  const { told } = remains;
  strictEqual(told[0]!.startsAtMs, firing!.atMs);
  strictEqual(told.at(-1)!.endsAtMs, resolved!.atMs);
});

Deno.test("killed after any step, an alert goes on where it was: its wait does not begin anew, and no restart resolves it", async () => {
  const whole = await play(1, Infinity, 0);
  const [pending, firing, , resolved] = whole.history.map(({ atMs }) => atMs);
  let killed = 0;
  for (let after = 1; after <= whole.steps; after++) {
    for (const [seed, downMs] of [[2 * after, 1], [2 * after + 1, 12_000]] as const) {
      const { history, remains } = await play(seed, after, downMs);
      const where = `killed after step ${after}, down for ${downMs} ms`;
      // While the process is down nothing is evaluated: what was due then happens at the next slot.
      const lateMs = downMs + INTERVAL_MS;
      deepStrictEqual(names(history), names(whole.history), where);
      const at = history.map(({ atMs }) => atMs);
      ok(at[0]! >= pending! && at[0]! <= pending! + lateMs, `${where}: pending at ${at[0]}`);
      ok(history.every(({ activeAtMs }) => activeAtMs === at[0]), `${where}: active since another time`);
      ok(
        at[1]! >= at[0]! + FOR_MS && at[1]! <= Math.max(firing!, at[0]! + FOR_MS) + lateMs,
        `${where}: firing`,
      );
      ok(at[3]! >= at[2]! + KEEP_MS && at[3]! <= resolved! + 2 * lateMs, `${where}: resolved`);
      const endings = remains.told.filter(({ endsAtMs, atMs }) => endsAtMs <= atMs);
      ok(
        endings.length > 0 && endings.every(({ endsAtMs }) => endsAtMs === at[3]),
        `${where}: told of an end`,
      );
      ok(remains.told.every(({ startsAtMs }) => startsAtMs === at[1]), `${where}: told of another begin`);
      checkSeries(remains, at, where);
      killed++;
    }
  }
  ok(killed > 100, `${killed} kills`);
});

/** `ALERTS` says what the journal says, and no sooner. */
function checkSeries({ rows }: Remains, at: readonly number[], where: string): void {
  for (const { tMs, series } of rows) {
    const says = (state: string) =>
      series.some((one) => one.startsWith(`ALERTS{`) && one.includes(`=${state},`) && one.endsWith(" 1"));
    if (says("pending")) ok(tMs >= at[0]! && tMs < at[1]!, `${where}: pending at ${tMs}`);
    if (says("firing")) ok(tMs >= at[1]! && tMs < at[3]!, `${where}: firing at ${tMs}`);
  }
}

Deno.test("after a restart that finds a gap in the data, alerts are not taken for ended before it can be told", async () => {
  const remains = newRemains();
  const common = { remains, seed: 5, groups: [GROUP] };
  const always = () => vector([{ i: "a" }, 1]);
  const before = await begin({ ...common, startMs: START_MS, answer: always });
  await before.sim.run(START_MS + 65_000);
  deepStrictEqual(names(await before.history()), ["inactive→pending", "pending→firing"]);
  const startMs = START_MS + 600_000;
  const gap = (_: string, tMs: number) => tMs < startMs + 25_000 ? vector() : always();
  const after = await begin({ ...common, startMs, answer: gap, settleMs: 40_000 });
  await after.sim.run(startMs + 90_000);
  deepStrictEqual(names(await after.history()), ["inactive→pending", "pending→firing"]);
  const [view] = await after.views();
  strictEqual(view!.rules[1]!.alerts[0]!.phase, "firing");
});

Deno.test("pending alerts of a server that was away for longer than the tolerance begin anew, firing ones go on", async () => {
  const remains = newRemains();
  const groups = [
    groupOf("  - alert: Slow\n    expr: m\n    for: 2h\n  - alert: Fast\n    expr: m\n    for: 30s"),
  ];
  const always = () => vector([{ i: "a" }, 1]);
  const before = await begin({ remains, seed: 7, groups, answer: always, startMs: START_MS });
  await before.sim.run(START_MS + 65_000);
  const startMs = START_MS + 2 * 3600_000;
  const after = await begin({ remains, seed: 8, groups, answer: always, startMs });
  await after.sim.run(startMs + 15_000);
  const [view] = await after.views();
  deepStrictEqual(view!.rules.map(({ alerts }) => alerts.map(({ phase }) => phase)), [["pending"], [
    "firing",
  ]]);
  ok(view!.rules[0]!.alerts[0]!.activeAtMs > startMs);
  ok(view!.rules[1]!.alerts[0]!.activeAtMs < START_MS + INTERVAL_MS * 2);
  ok((await after.history()).some(({ cause }) => cause === "outageTooLong"));
});

Deno.test("without a journal the wait goes on from ALERTS_FOR_STATE, after the second evaluation", async () => {
  const remains = newRemains();
  const groups = [groupOf("  - alert: Slow\n    expr: m\n    for: 30m")];
  const sinceMs = START_MS - 900_000;
  const life = await begin({
    remains,
    seed: 9,
    groups,
    startMs: START_MS,
    answer: () => vector([{ i: "a" }, 1]),
    forState: () => [{
      labels: ["alertname", "Slow", "i", "a"],
      tMs: START_MS - 60_000,
      activeSince: sinceMs / 1000,
    }],
  });
  await life.sim.run(START_MS + 2 * INTERVAL_MS);
  const [view] = await life.views();
  const [alert] = view!.rules[0]!.alerts;
  // Shifted by the time that nobody looked: up to the restore, a little more than a minute.
  const shiftMs = alert!.activeAtMs - sinceMs;
  ok(shiftMs > 60_000 && shiftMs <= 60_000 + 2 * INTERVAL_MS, `shifted by ${shiftMs} ms`);
  await life.sim.run(START_MS + 3 * INTERVAL_MS);
  deepStrictEqual(remains.rows.length, 1, "no ALERTS before the restore");
});

Deno.test("a reload leaves an equal group running, and carries the alerts of rules that stay over to a changed one", async () => {
  const remains = newRemains();
  const two = (hold: string, more = "") =>
    groupOf(`  - alert: A\n    expr: m\n    for: ${hold}\n  - record: r\n    expr: m${more}`);
  const always = () => vector([{ i: "a" }, 1]);
  const life = await begin({ remains, seed: 3, groups: [two("30s")], answer: always, startMs: START_MS });
  await life.sim.run(START_MS + 45_000);
  life.apply([two("30s")]);
  await life.sim.run(START_MS + 65_000);
  const [same] = await life.views();
  strictEqual(same!.counters.iterations, 6);
  strictEqual(same!.rules[0]!.alerts[0]!.phase, "firing");
  life.apply([two("90s", "\n    labels: {new: x}")]);
  await life.sim.run(START_MS + 75_000);
  const [changed] = await life.views();
  const [alert] = changed!.rules[0]!.alerts;
  deepStrictEqual([alert!.phase, alert!.activeAtMs], ["pending", same!.rules[0]!.alerts[0]!.activeAtMs]);
  deepStrictEqual(remains.rows.at(-1)!.series.filter((one) => one.startsWith("r{")), [
    "r{i=a,new=x} 1",
    "r{i=a} stale",
  ]);
});

Deno.test("a group that goes ends its series two intervals later, and its journal with it", async () => {
  const remains = newRemains();
  const always = () => vector([{ i: "a" }, 1]);
  const life = await begin({ remains, seed: 4, groups: [GROUP], answer: always, startMs: START_MS });
  await life.sim.run(START_MS + 25_000);
  const rows = remains.rows.length;
  life.apply([]);
  await life.sim.run(START_MS + 44_000);
  strictEqual(remains.rows.length, rows);
  await life.sim.run(START_MS + 46_000);
  deepStrictEqual(remains.rows.slice(rows).map(({ tMs }) => tMs), [START_MS + 25_000]);
  ok(remains.rows.at(-1)!.series.every((one) => one.endsWith(" stale")));
  life.apply([GROUP]);
  await life.sim.run(START_MS + 60_000);
  deepStrictEqual(names(await life.history()), ["inactive→pending"]);
});

Deno.test("a group whose file went away while the server was down ends its alerts' series and its journal", async () => {
  const remains = newRemains();
  const always = () => vector([{ i: "a" }, 1]);
  const before = await begin({ remains, seed: 6, groups: [GROUP], answer: always, startMs: START_MS });
  await before.sim.run(START_MS + 65_000);
  const rows = remains.rows.length;
  const after = await begin({ remains, seed: 6, groups: [], answer: always, startMs: START_MS + 100_000 });
  await after.sim.run(START_MS + 200_000);
  deepStrictEqual(remains.rows.slice(rows).map(({ series }) => series), [[
    "ALERTS_FOR_STATE{alertname=A,i=a} stale",
    "ALERTS{alertname=A,alertstate=firing,i=a} stale",
  ]]);
  deepStrictEqual(await after.views(), []);
});

Deno.test("while the store takes nothing alerts fire and are told of; when it does again the journal has it all", async () => {
  const remains = newRemains();
  const groups = [
    groupOf("  - alert: A\n    expr: m\n    for: 60s\n  - alert: B\n    expr: m\n    for: 30s"),
  ];
  const always = () => vector([{ i: "a" }, 1]);
  const life = await begin({ remains, seed: 11, groups, answer: always, startMs: START_MS });
  await life.sim.run(START_MS + 25_000);
  const active = (await life.views())[0]!.rules.map(({ alerts }) => alerts[0]!.activeAtMs);
  remains.kv!.fate = () => "lost";
  await life.sim.run(START_MS + 150_000);
  deepStrictEqual(new Set(remains.told.map(({ labels }) => labels[1])), new Set(["A", "B"]));
  for (const { startsAtMs, labels } of remains.told) {
    // A slot or two are lost to the attempts that failed.
    ok(
      startsAtMs <= active[0]! + (labels[1] === "A" ? 60_000 : 30_000) + 3 * INTERVAL_MS,
      `${labels[1]} at ${startsAtMs}`,
    );
  }
  const [down] = await life.views();
  deepStrictEqual(
    down!.rules.map(({ alerts }) => [alerts[0]!.phase, alerts[0]!.activeAtMs]),
    active.map((at) => ["firing", at]),
  );
  remains.kv!.fate = () => "kept";
  await life.sim.run(START_MS + 250_000);
  const history = await life.history();
  deepStrictEqual(life.sim.fatal, []);
  const after = await begin({ remains, seed: 12, groups, answer: always, startMs: START_MS + 251_000 });
  await after.sim.run(START_MS + 275_000);
  deepStrictEqual(await after.history(), history);
  const [again] = await after.views();
  deepStrictEqual(
    again!.rules.map(({ alerts }) => [alerts[0]!.phase, alerts[0]!.activeAtMs, alerts[0]!.firedAtMs]),
    down!.rules.map(({ alerts }) => [alerts[0]!.phase, alerts[0]!.activeAtMs, alerts[0]!.firedAtMs]),
  );
});
