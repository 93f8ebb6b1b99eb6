import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { NEW_SERIES_BIT } from "../../lib/model/batch.ts";
import { CohortWriter } from "../../lib/rules/cohort_writer.ts";
import { planOf } from "../../lib/rules/plan.ts";
import { groupOffsetMs, missedSlots, nextSlotMs } from "../../lib/rules/schedule.ts";
import { alertsToSend } from "../../lib/rules/sending.ts";
import { EvaluationSlots } from "../../lib/rules/slots.ts";
import { NEW_RULE_STATE, type RuleState } from "../../lib/rules/state.ts";
import { restoreAlerts } from "../../lib/rules/restore.ts";
import type { Alert } from "../../lib/rules/alert.ts";
import { groupOf, vector } from "./fixtures.ts";

const stages = (...rules: readonly string[]) =>
  planOf(groupOf(rules.map((rule) => `  - {${rule}}`).join("\n"))).stages;

Deno.test("rules that read what others before them write wait for them, and no others", () => {
  const table:
    readonly (readonly [what: string, rules: readonly string[], stages: readonly (readonly number[])[]])[] = [
      ["independent", ["record: a, expr: m", "record: b, expr: n"], [[0, 1]]],
      ["a chain", ["record: a, expr: m", "record: b, expr: a", "record: c, expr: b"], [[0], [1], [2]]],
      ["only later rules wait", ["record: a, expr: b", "record: b, expr: m"], [[0, 1]]],
      ["inside anything", ["record: a, expr: m", "record: b, expr: 'max_over_time(sum(rate(a[5m]))[1h:])'"], [
        [0],
        [1],
      ]],
      ["a selector without a name", ["record: a, expr: m", "record: b, expr: '{job=\"x\"}'"], [[0], [1]]],
      ["a name by pattern", [
        "record: a, expr: m",
        "record: b, expr: '{__name__=~\"a|z\"}'",
        "record: c, expr: '{__name__=~\"z.*\"}'",
      ], [[0], [1, 2]]],
      ["ALERTS of another alert", ["alert: A, expr: m", "record: b, expr: 'ALERTS{alertname=\"B\"}'"], [[
        0,
        1,
      ]]],
      [
        "ALERTS of that alert",
        ["alert: A, expr: m", "record: b, expr: 'ALERTS_FOR_STATE{alertname=\"A\"}'"],
        [[0], [1]],
      ],
      ["a template that queries", [
        "record: a, expr: m",
        "alert: A, expr: n, annotations: {s: '{{ query \"a\" | len }}'}",
      ], [[0], [1]]],
    ];
  for (const [what, rules, wanted] of table) deepStrictEqual(stages(...rules), wanted, what);
});

Deno.test("slots lie an interval apart at the group's place, and the next is after now", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 3_600_000 }),
      fc.integer({ min: 0, max: 2e12 }),
      (name, intervalMs, nowMs) => {
        const offsetMs = groupOffsetMs("/r.yml", name, intervalMs);
        const next = nextSlotMs(nowMs, offsetMs, intervalMs);
        return offsetMs >= 0 && offsetMs < intervalMs && next > nowMs && next <= nowMs + intervalMs &&
          (next - offsetMs) % intervalMs === 0;
      },
    ),
  );
  strictEqual(missedSlots(1_000, 1_999, 1_000), 0);
  strictEqual(missedSlots(1_000, 4_100, 1_000), 3);
  strictEqual(missedSlots(1_000, 990, 1_000), 0);
});

const appended = (refs: readonly number[]) =>
  ({
    kind: "appended",
    epoch: 7,
    refs: Uint32Array.from(refs),
    counts: { appended: 1, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 },
  }) as const;

Deno.test("a series is sent with its labels once, by its column from then on, and anew when storage has forgotten", () => {
  const writer = new CohortWriter("f.yml", "g");
  const a = vector([{ i: "a" }, 1]);
  const ab = vector([{ i: "a" }, 2], [{ i: "b" }, 3]);
  const first = writer.batch(1_000, a);
  deepStrictEqual([first.cohort, first.epoch, first.defined.length], ["rules/f.yml;g", 0, 1]);
  strictEqual(writer.answered(appended([4])), undefined);
  const second = writer.batch(2_000, ab);
  deepStrictEqual([second.epoch, second.defined], [7, [["i", "b"]]]);
  deepStrictEqual([...second.rows[0]!.refs], [4, NEW_SERIES_BIT]);
  const again = writer.answered({ kind: "wrongEpoch", epoch: 9 })!;
  deepStrictEqual([again.epoch, again.defined], [0, [["i", "a"], ["i", "b"]]]);
  deepStrictEqual([...again.rows[0]!.values], [2, 3]);
  strictEqual(writer.answered(appended([0, 1])), undefined);
  deepStrictEqual([...writer.batch(3_000, ab).rows[0]!.refs], [0, 1]);
});

Deno.test("the name of a cohort stays within its bytes, and different groups keep different names", () => {
  const names = ["x", "y"].map((group) => new CohortWriter("/long/".repeat(200), group).cohort);
  strictEqual(new Set(names).size, 2);
  for (const name of names) strictEqual(new TextEncoder().encode(name).length <= 512, true);
});

Deno.test("work beyond the places waits in order, and leaves the queue when it is not wanted any more", async () => {
  const slots = new EvaluationSlots(1);
  const gate = Promise.withResolvers<void>();
  const order: string[] = [];
  const never = new AbortController().signal;
  const gone = new AbortController();
  const one = slots.run(never, async () => {
    await gate.promise;
    order.push("one");
  });
  const two = slots.run(gone.signal, () => Promise.resolve(order.push("two")));
  const three = slots.run(never, () => Promise.resolve(order.push("three")));
  await Promise.resolve();
  deepStrictEqual([slots.taken, slots.waiting], [1, 2]);
  gone.abort(new Error("gone"));
  await rejects(two, /gone/);
  gate.resolve();
  await Promise.all([one, three]);
  deepStrictEqual(order, ["one", "three"]);
  deepStrictEqual([slots.taken, slots.waiting], [0, 0]);
});

Deno.test("rules side by side take free places only, and one that fails does not keep its place", async () => {
  const slots = new EvaluationSlots(3);
  const never = new AbortController().signal;
  await slots.run(never, async () => {
    let most = 0;
    const work = (value: number) => async () => {
      most = Math.max(most, slots.taken);
      await Promise.resolve();
      return value;
    };
    deepStrictEqual(await slots.spread([work(1), work(2), work(3), work(4)]), [1, 2, 3, 4]);
    strictEqual(most, 3);
    await rejects(slots.spread([() => Promise.reject(new Error("broken")), work(2)]), /broken/);
  });
  strictEqual(slots.taken, 0);
});

const FIRING: Alert = {
  labels: ["alertname", "A"],
  annotations: [],
  phase: "firing",
  value: 1,
  activeAtMs: 0,
  firedAtMs: 5_000,
  resolvedAtMs: undefined,
  keepFiringSinceMs: undefined,
};

Deno.test("a firing alert is told of at once, again after the resend delay, and of its end at once", () => {
  const options = { expr: "m > 1", intervalMs: 10_000, resendDelayMs: 60_000, externalUrl: "http://p/x" };
  const sent = (alert: Alert, sentMs: number | undefined, tsMs: number) => {
    const state: RuleState = {
      ...NEW_RULE_STATE,
      alerts: new Map([["k", alert]]),
      sentMs: sentMs === undefined ? new Map() : new Map([["k", sentMs]]),
    };
    return alertsToSend(state, { ...options, tsMs }).alerts.map((
      { startsAtMs, endsAtMs },
    ) => [startsAtMs, endsAtMs]);
  };
  deepStrictEqual(sent({ ...FIRING, phase: "pending" }, undefined, 10_000), []);
  deepStrictEqual(sent(FIRING, undefined, 10_000), [[5_000, 250_000]]);
  deepStrictEqual(sent(FIRING, 10_000, 70_000), []);
  deepStrictEqual(sent(FIRING, 10_000, 70_001), [[5_000, 310_001]]);
  deepStrictEqual(sent({ ...FIRING, phase: "resolved", resolvedAtMs: 20_000 }, 10_000, 20_000), [[
    5_000,
    20_000,
  ]]);
  deepStrictEqual(sent({ ...FIRING, phase: "resolved", resolvedAtMs: 20_000 }, 20_000, 30_000), []);
  const [alert] =
    alertsToSend({ ...NEW_RULE_STATE, alerts: new Map([["k", FIRING]]) }, { ...options, tsMs: 0 }).alerts;
  strictEqual(alert!.generatorUrl, "http://p/x/graph?g0.expr=m+%3E+1&g0.tab=1");
});

Deno.test("a wait is restored as Prometheus does: fired before, nearly over, or shifted by the time away", () => {
  const MIN = 60_000;
  const alert: Alert = { ...FIRING, phase: "pending", firedAtMs: undefined, activeAtMs: 100 * MIN };
  const restored = (sinceMin: number, downMin: number, forMin: number, ended = false) =>
    restoreAlerts(new Map([["alertname\ud800A", alert]]), [{
      labels: ["alertname", "A"],
      tMs: downMin * MIN,
      activeSince: ended ? undefined : sinceMin * 60,
    }], { forMs: forMin * MIN, gracePeriodMs: 10 * MIN, nowMs: 100 * MIN }).map(({ activeAtMs }) =>
      activeAtMs / MIN
    );
  deepStrictEqual(restored(30, 95, 60), [30]);
  deepStrictEqual(restored(30, 85, 60), [50]);
  deepStrictEqual(restored(70, 90, 60), [80]);
  deepStrictEqual(restored(70, 90, 9), [], "a `for` below the grace period is not worth it");
  deepStrictEqual(restored(70, 90, 60, true), [], "the series had ended");
});
