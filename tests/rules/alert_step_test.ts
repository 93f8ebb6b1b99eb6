import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type AlertTable, applyTransitions, NO_ALERTS } from "../../lib/rules/alert.ts";
import {
  type FoundAlert,
  RESOLVED_RETENTION_MS,
  stepAlerts,
  type Timing,
} from "../../lib/rules/alert_step.ts";
import { moves, phases } from "./fixtures.ts";

const S = 1_000;

function found(...names: readonly string[]): readonly FoundAlert[] {
  return names.map((i) => ({ labels: ["alertname", "A", "i", i], annotations: [], value: 1 }));
}

interface Row {
  readonly at: number;
  readonly found: string;
  readonly moves: readonly string[];
  /** Default: as before. */
  readonly timing?: Timing;
}

/** Runs a table of evaluations, seconds and all; the table of alerts is replayed from the transitions each time. */
function play(timing: Timing, rows: readonly Row[]): AlertTable {
  let alerts = NO_ALERTS;
  let current = timing;
  for (const row of rows) {
    current = row.timing ?? current;
    const step = stepAlerts(
      current,
      alerts,
      found(...row.found.split("").filter((c) => c !== "-")),
      row.at * S,
    );
    deepStrictEqual(moves(step.transitions), row.moves, `at ${row.at}s`);
    const replayed = applyTransitions(alerts, step.transitions);
    deepStrictEqual(phases(replayed), phases(step.alerts), `replay at ${row.at}s`);
    alerts = step.alerts;
  }
  return alerts;
}

const FOR_20 = { forMs: 20 * S, keepFiringForMs: 0 };
const KEEP_30 = { forMs: 0, keepFiringForMs: 30 * S };

Deno.test("an alert without `for` fires at once", () => {
  play({ forMs: 0, keepFiringForMs: 0 }, [
    { at: 0, found: "a", moves: ["a inactive→firing matched"] },
    { at: 10, found: "a", moves: [] },
  ]);
});

Deno.test("an alert fires when it has matched for as long as `for`, counted from its first match", () => {
  const alerts = play(FOR_20, [
    { at: 0, found: "a", moves: ["a inactive→pending matched"] },
    { at: 10, found: "ab", moves: ["b inactive→pending matched"] },
    { at: 20, found: "ab", moves: ["a pending→firing heldLongEnough"] },
    { at: 30, found: "ab", moves: ["b pending→firing heldLongEnough"] },
  ]);
  deepStrictEqual([...alerts.values()].map(({ activeAtMs, firedAtMs }) => [activeAtMs, firedAtMs]), [
    [0, 20 * S],
    [10 * S, 30 * S],
  ]);
});

Deno.test("a pending alert that does not match once begins its wait anew", () => {
  play(FOR_20, [
    { at: 0, found: "a", moves: ["a inactive→pending matched"] },
    { at: 10, found: "-", moves: ["a pending→inactive vanished"] },
    { at: 20, found: "a", moves: ["a inactive→pending matched"] },
    { at: 30, found: "a", moves: [] },
    { at: 40, found: "a", moves: ["a pending→firing heldLongEnough"] },
  ]);
});

Deno.test("a resolved alert stays for more than fifteen minutes, and is a new one when it matches in between", () => {
  const keptS = RESOLVED_RETENTION_MS / S;
  play({ forMs: 0, keepFiringForMs: 0 }, [
    { at: 0, found: "ab", moves: ["a inactive→firing matched", "b inactive→firing matched"] },
    { at: 10, found: "-", moves: ["a firing→resolved vanished", "b firing→resolved vanished"] },
    { at: 20, found: "b", moves: ["b resolved→firing matched"] },
    { at: 10 + keptS, found: "b", moves: [] },
    { at: 11 + keptS, found: "b", moves: ["a resolved→inactive retentionOver"] },
  ]);
});

Deno.test("a resolved alert that matches again waits for `for` again", () => {
  play(FOR_20, [
    { at: 0, found: "a", moves: ["a inactive→pending matched"] },
    { at: 20, found: "a", moves: ["a pending→firing heldLongEnough"] },
    { at: 30, found: "-", moves: ["a firing→resolved vanished"] },
    { at: 40, found: "a", moves: ["a resolved→pending matched"] },
  ]);
});

Deno.test("keep_firing_for goes on until it has passed without a match", () => {
  const alerts = play(KEEP_30, [
    { at: 0, found: "a", moves: ["a inactive→firing matched"] },
    { at: 10, found: "-", moves: ["a firing→keptFiring vanished"] },
    { at: 30, found: "-", moves: [] },
    { at: 40, found: "-", moves: ["a keptFiring→resolved keepFiringOver"] },
  ]);
  const [alert] = [...alerts.values()];
  deepStrictEqual([alert!.firedAtMs, alert!.resolvedAtMs], [0, 40 * S]);
});

Deno.test("an alert that matches while it is kept firing was never away", () => {
  const alerts = play(KEEP_30, [
    { at: 0, found: "a", moves: ["a inactive→firing matched"] },
    { at: 10, found: "-", moves: ["a firing→keptFiring vanished"] },
    { at: 30, found: "a", moves: ["a keptFiring→firing returned"] },
    { at: 50, found: "-", moves: ["a firing→keptFiring vanished"] },
    { at: 70, found: "-", moves: [] },
  ]);
  strictEqual([...alerts.values()][0]!.firedAtMs, 0);
});

Deno.test("a reload that raises `for` takes a firing alert back to pending, and its wait goes on", () => {
  const alerts = play({ forMs: 0, keepFiringForMs: 0 }, [
    { at: 0, found: "a", moves: ["a inactive→firing matched"] },
    { at: 10, found: "a", moves: ["a firing→pending holdRaised"], timing: FOR_20 },
    { at: 20, found: "a", moves: ["a pending→firing heldLongEnough"] },
  ]);
  deepStrictEqual([...alerts.values()].map(({ activeAtMs, firedAtMs }) => [activeAtMs, firedAtMs]), [[
    0,
    20 * S,
  ]]);
});

Deno.test("an alert of an earlier life that is not matched yet goes on as it is", () => {
  const { alerts } = stepAlerts(KEEP_30, NO_ALERTS, found("a", "b"), 0);
  const held = new Set([[...alerts.keys()][0]!]);
  const step = stepAlerts(KEEP_30, alerts, [], 10 * S, held);
  deepStrictEqual(moves(step.transitions), ["b firing→keptFiring vanished"]);
  deepStrictEqual(phases(step.alerts), { a: "firing", b: "keptFiring" });
  strictEqual(step.active, 2);
});

Deno.test("values and annotations follow each evaluation without a transition", () => {
  const first = stepAlerts(FOR_20, NO_ALERTS, found("a"), 0);
  const changed = [{ ...found("a")[0]!, value: 7, annotations: [["summary", "new"]] as const }];
  const step = stepAlerts(FOR_20, first.alerts, changed, 10 * S);
  deepStrictEqual(step.transitions, []);
  const [alert] = [...step.alerts.values()];
  deepStrictEqual([alert!.value, alert!.annotations, alert!.activeAtMs], [7, [["summary", "new"]], 0]);
});
