import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { evaluateGroup, type GroupEvaluation, type GroupMoment } from "../../lib/rules/evaluate_group.ts";
import { type GroupState, NEW_GROUP_STATE } from "../../lib/rules/state.ts";
import type { RuleVector } from "../../lib/rules/vector.ts";
import { groupOf, moves, portsThat, SETTINGS, vector, written } from "./fixtures.ts";

const NEVER = new AbortController().signal;

/** Evaluates, and keeps what was written, a list a write. */
async function evaluate(
  moment: Omit<GroupMoment, "settings" | "signal"> & Partial<Pick<GroupMoment, "settings">>,
  state: GroupState = NEW_GROUP_STATE,
): Promise<GroupEvaluation & { readonly rows: readonly (readonly [number, readonly string[]])[] }> {
  const rows: (readonly [number, readonly string[]])[] = [];
  const append = (tMs: number, samples: RuleVector) => {
    rows.push([tMs, written(samples)]);
    return Promise.resolve();
  };
  const evaluation = await evaluateGroup(
    { settings: SETTINGS, signal: NEVER, ...moment },
    state,
    { append },
  );
  return { ...evaluation, rows };
}

const errors = ({ rules }: GroupEvaluation) => rules.map(({ error }) => error);

Deno.test("a recording rule sets its name and labels over those of the series, an empty label takes one away", async () => {
  const group = groupOf("  - record: r:sum\n    expr: m\n    labels: {job: j, zone: ''}");
  const ports = portsThat({
    m: vector([{ __name__: "m", zone: "z", i: "a" }, 1], [{ i: "b", job: "x" }, 2]),
  });
  const { rows } = await evaluate({ group, tsMs: 1000, ports });
  deepStrictEqual(rows, [[1000, ["r:sum{i=a,job=j} 1", "r:sum{i=b,job=j} 2"]]]);
});

Deno.test("data is read and samples are stamped the query offset before the slot; alerts count from the slot", async () => {
  const group = groupOf(
    "  - record: r\n    expr: m\n  - alert: A\n    expr: m",
    "interval: 10s\n  query_offset: 3s",
  );
  const ports = portsThat({ m: vector([{ i: "a" }, 1]) });
  const { rows, state } = await evaluate({ group, tsMs: 10_000, ports });
  deepStrictEqual(ports.asked, [["m", 7_000], ["m", 7_000]]);
  deepStrictEqual(rows, [[7_000, [
    "ALERTS_FOR_STATE{alertname=A,i=a} 10",
    "ALERTS{alertname=A,alertstate=firing,i=a} 1",
    "r{i=a} 1",
  ]]]);
  strictEqual([...[...state.values()][1]!.alerts.values()][0]!.activeAtMs, 10_000);
});

Deno.test("label sets that meet under the rule's labels fail the rule, and nothing of it is written", async () => {
  const group = groupOf(
    "  - record: r\n    expr: m\n    labels: {i: x}\n  - alert: A\n    expr: m\n    labels: {i: x}",
  );
  const ports = portsThat({ m: vector([{ i: "a" }, 1], [{ i: "b" }, 2]) });
  const evaluation = await evaluate({ group, tsMs: 0, ports });
  deepStrictEqual(errors(evaluation), [
    "vector contains metrics with the same labelset after applying rule labels",
    "vector contains metrics with the same labelset after applying alert labels",
  ]);
  deepStrictEqual(evaluation.rows, []);
  deepStrictEqual([...evaluation.state.values()].map(({ health }) => health), ["err", "err"]);
});

Deno.test("more series or alerts than the limit fail the rule; its alerts are cleared", async () => {
  const group = groupOf("  - record: r\n    expr: m\n  - alert: A\n    expr: m", "interval: 10s\n  limit: 1");
  const one = await evaluate({ group, tsMs: 0, ports: portsThat({ m: vector([{ i: "a" }, 1]) }) });
  deepStrictEqual(errors(one), [undefined, undefined]);
  const ports = portsThat({ m: vector([{ i: "a" }, 1], [{ i: "b" }, 2]) });
  const two = await evaluate({ group, tsMs: 10_000, ports }, one.state);
  deepStrictEqual(errors(two), ["exceeded limit of 1 with 2 series", "exceeded limit of 1 with 2 alerts"]);
  deepStrictEqual(two.rows, []);
  deepStrictEqual(moves(two.rules[1]!.transitions), ["a firing→inactive limitExceeded"]);
});

Deno.test("series that vanish get a marker once; a rule that fails marks nothing and remembers", async () => {
  const group = groupOf("  - record: r\n    expr: m\n  - alert: A\n    expr: n");
  const a = vector([{ i: "a" }, 1]);
  const first = await evaluate({ group, tsMs: 0, ports: portsThat({ m: a, n: a }) });
  const failed = await evaluate({ group, tsMs: 10_000, ports: portsThat({}) }, first.state);
  deepStrictEqual(failed.rows, []);
  const gone = await evaluate(
    { group, tsMs: 20_000, ports: portsThat({ m: vector(), n: vector() }) },
    failed.state,
  );
  deepStrictEqual(gone.rows[0]![1], [
    "ALERTS_FOR_STATE{alertname=A,i=a} stale",
    "ALERTS{alertname=A,alertstate=firing,i=a} stale",
    "r{i=a} stale",
  ]);
  const after = await evaluate(
    { group, tsMs: 30_000, ports: portsThat({ m: vector(), n: vector() }) },
    gone.state,
  );
  deepStrictEqual(after.rows, []);
});

Deno.test("an alert that goes from pending to firing ends its pending series", async () => {
  const group = groupOf("  - alert: A\n    expr: m\n    for: 10s");
  const ports = portsThat({ m: vector([{ i: "a" }, 1]) });
  const first = await evaluate({ group, tsMs: 0, ports });
  const second = await evaluate({ group, tsMs: 10_000, ports }, first.state);
  deepStrictEqual(second.rows[0]![1], [
    "ALERTS_FOR_STATE{alertname=A,i=a} 0",
    "ALERTS{alertname=A,alertstate=firing,i=a} 1",
    "ALERTS{alertname=A,alertstate=pending,i=a} stale",
  ]);
});

Deno.test("labels and annotations are templates; one that fails says so in its place and the alert goes on", async () => {
  const group = groupOf(`  - alert: A
    expr: m
    labels: {sev: '{{ if gt $value 1.0 }}high{{ else }}low{{ end }}', zone: '{{ $externalLabels.region }}'}
    annotations:
      summary: '{{ $labels.i }} is {{ $value | humanize }} at {{ $externalURL }}, {{ len (query "q") }} found'
      broken: '{{ first (query "none") }}'
      plain: 'no { template } here'`);
  const ports = portsThat({
    m: vector([{ __name__: "m", i: "a" }, 1500]),
    q: vector([{ i: "x" }, 1], [{ i: "y" }, 2]),
    none: vector(),
  });
  const { rules, state } = await evaluate({ group, tsMs: 5_000, ports });
  const [alert] = [...[...state.values()][0]!.alerts.values()];
  deepStrictEqual(alert!.labels, ["alertname", "A", "i", "a", "sev", "high", "zone", "eu"]);
  const annotations = Object.fromEntries(alert!.annotations);
  strictEqual(annotations.summary, "a is 1.5k at http://prom:9090, 2 found");
  strictEqual(annotations.plain, "no { template } here");
  strictEqual(
    annotations.broken?.startsWith(
      "<error expanding template: error executing template __alert_A: template: __alert_A:1:",
    ),
    true,
    annotations.broken,
  );
  strictEqual(
    annotations.broken?.endsWith("error calling first: first() called on vector with no elements>"),
    true,
  );
  strictEqual(rules[0]!.error, undefined);
});

Deno.test("a template that loops for ever is an error in its own text", async () => {
  const group = groupOf(`  - alert: A
    expr: m
    annotations: {loop: '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}', ok: 'fine'}`);
  const { state } = await evaluate({ group, tsMs: 0, ports: portsThat({ m: vector([{ i: "a" }, 1]) }) });
  const annotations = Object.fromEntries([...[...state.values()][0]!.alerts.values()][0]!.annotations);
  strictEqual(annotations.ok, "fine");
  strictEqual(annotations.loop?.startsWith("<error expanding template: "), true);
});

Deno.test("a rule sees what rules before it in its group wrote at the same moment", async () => {
  const group = groupOf(
    "  - record: a\n    expr: m\n  - record: b\n    expr: n\n  - record: c\n    expr: a + b\n  - alert: D\n    expr: c",
  );
  const store = new Map<string, RuleVector>([["m", vector([{}, 1])], ["n", vector([{}, 2])]]);
  const seen: string[] = [];
  const ports = portsThat((expr) => {
    seen.push(`${expr} after ${[...store.keys()].join(",")}`);
    return store.get(expr) ?? vector([{}, 3]);
  });
  const append = (_tMs: number, { labels }: RuleVector) => {
    for (const own of labels) store.set(own[own.indexOf("__name__") + 1]!, vector([{}, 3]));
    return Promise.resolve();
  };
  await evaluateGroup({ group, tsMs: 0, ports, settings: SETTINGS, signal: NEVER }, NEW_GROUP_STATE, {
    append,
  });
  deepStrictEqual(seen, [
    "m after m,n",
    "n after m,n",
    "a + b after m,n,a,b",
    "c after m,n,a,b,c",
  ]);
});

Deno.test("two rules that make the same series: the first has it", async () => {
  const group = groupOf("  - record: r\n    expr: m\n  - record: r\n    expr: n\n    labels: {x: ''}");
  const ports = portsThat({ m: vector([{ i: "a" }, 1]), n: vector([{ i: "a" }, 2], [{ i: "b" }, 3]) });
  const { rows } = await evaluate({ group, tsMs: 0, ports });
  deepStrictEqual(rows, [[0, ["r{i=a} 1", "r{i=b} 3"]]]);
});
