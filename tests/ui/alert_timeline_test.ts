import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Phase, selectorOf, timelineOf, type Transition } from "../../ui/pages/alert_timeline.ts";
import { alertCounts, graphPath, type Rule, ruleMatches, sortedAlerts } from "../../ui/pages/rules_data.ts";

const WINDOW = { startMs: 1_000, endMs: 9_000 };

function at(ms: number, from: Phase, to: Phase, labels = { alertname: "A", x: "1" }): Transition {
  return {
    time: new Date(ms).toISOString(),
    from,
    to,
    cause: "matched",
    reason: "",
    value: "1e+00",
    activeAt: new Date(ms).toISOString(),
    labels,
    rule: "A",
    group: "g",
    file: "f",
  };
}

function standing(state: Phase) {
  return {
    state,
    since: new Date(0).toISOString(),
    labels: { x: "1", alertname: "A" },
    group: "g",
    file: "f",
  };
}

function spansOf(...args: Parameters<typeof timelineOf>): readonly string[] {
  return timelineOf(...args).map(({ labels, spans }) =>
    `${labels["x"]}: ${spans.map(({ phase, startMs, endMs }) => `${phase} ${startMs}-${endMs}`).join(", ")}`
  );
}

Deno.test("a timeline is the fold of transitions; resolved and inactive are gaps", () => {
  const transitions = [
    at(2_000, "inactive", "pending"),
    at(3_000, "pending", "firing"),
    at(4_000, "firing", "keptFiring"),
    at(5_000, "keptFiring", "resolved"),
    at(7_000, "resolved", "pending"),
  ];
  deepStrictEqual(spansOf([], transitions, WINDOW), [
    "1: pending 2000-3000, firing 3000-4000, keptFiring 4000-5000, pending 7000-9000",
  ]);
});

Deno.test("what an alert was when the window began is known from its standing, or from its first transition", () => {
  deepStrictEqual(spansOf([standing("firing")], [], WINDOW), ["1: firing 1000-9000"]);
  deepStrictEqual(spansOf([standing("firing")], [at(3_000, "firing", "resolved")], WINDOW), [
    "1: firing 1000-3000",
  ]);
  deepStrictEqual(spansOf([], [at(3_000, "pending", "firing")], WINDOW), [
    "1: pending 1000-3000, firing 3000-9000",
  ]);
  deepStrictEqual(spansOf([standing("resolved")], [], WINDOW), []);
});

Deno.test("each label set has a row, whatever the order of its labels, and nothing leaves the window", () => {
  const other = { x: "2", alertname: "A" };
  const transitions = [
    at(500, "inactive", "firing"),
    at(3_000, "inactive", "firing", other),
    at(99_000, "firing", "resolved"),
  ];
  deepStrictEqual(spansOf([standing("pending")], transitions, WINDOW), [
    "1: firing 1000-9000",
    "2: firing 3000-9000",
  ]);
});

Deno.test("a selector and a link quote what they hold", () => {
  strictEqual(selectorOf('a"b\\'), '{alertname="a\\"b\\\\"}');
  strictEqual(graphPath("a + b"), "/query?g0.expr=a+%2B+b&g0.tab=graph");
});

const RULE: Rule = {
  type: "alerting",
  name: "DiskFull",
  query: "free < 1",
  labels: { severity: "page" },
  annotations: { summary: "Buy a disk" },
  health: "ok",
  state: "firing",
  duration: 0,
  keepFiringFor: 0,
  evaluationTime: 0,
  lastEvaluation: "",
  alerts: [
    {
      labels: { disk: "B" },
      annotations: {},
      state: "pending",
      activeAt: "2026-01-01T00:00:00Z",
      value: "1",
    },
    { labels: { disk: "A" }, annotations: {}, state: "firing", activeAt: "2026-01-03T00:00:00Z", value: "1" },
    { labels: { disk: "C" }, annotations: {}, state: "firing", activeAt: "2026-01-02T00:00:00Z", value: "1" },
  ],
};

Deno.test("rules are found by name, expression, labels, annotations and the labels of alerts", () => {
  for (const text of ["", "diskf", "free <", "severity=page", "buy a", "disk=c"]) {
    strictEqual(ruleMatches(RULE, text), true, text);
  }
  strictEqual(ruleMatches(RULE, "disk=d"), false);
});

Deno.test("alerts that fire come first, the longest first; rules are counted by state", () => {
  deepStrictEqual(
    sortedAlerts(RULE.type === "alerting" ? RULE.alerts : []).map(({ labels }) => labels["disk"]),
    [
      "C",
      "A",
      "B",
    ],
  );
  deepStrictEqual(alertCounts([RULE, RULE]), { inactive: 0, pending: 0, firing: 2, unknown: 0 });
});
