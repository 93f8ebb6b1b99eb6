import assert, { deepStrictEqual, strictEqual } from "node:assert/strict";
import { alertJson, formatExponent } from "../../lib/http/rules_json.ts";
import type { HttpDeps } from "../../lib/http/deps.ts";
import type { Matcher } from "../../lib/model/matchers.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import type { Alert } from "../../lib/rules/alert.ts";
import type { AlertingRule, RecordingRule } from "../../lib/rules/rule.ts";
import type { AlertHistoryEntry, RuleGroupView, RuleView } from "../../lib/rules/view.ts";
import type { TimeRange } from "../../lib/storage/source.ts";
import { worldOf } from "./fixtures.ts";

const T = 1_700_000_000_000;

function alert(phase: Alert["phase"], more: Partial<Alert> = {}): Alert {
  return {
    labels: labelsFromRecord({ alertname: "Down", instance: "a" }),
    annotations: [["summary", "<b> is down"]],
    phase,
    value: 0.25,
    activeAtMs: T + 120,
    firedAtMs: undefined,
    resolvedAtMs: undefined,
    keepFiringSinceMs: undefined,
    ...more,
  };
}

const DOWN: AlertingRule = {
  kind: "alerting",
  name: "Down",
  expr: "up == 0",
  labels: [["severity", "page"]],
  annotations: [["summary", "{{ $labels.instance }} is down"]],
  forMs: 90_000,
  keepFiringForMs: 500,
};
const RATE: RecordingRule = { kind: "recording", name: "job:x:rate", expr: "rate(x[1m])", labels: [] };

function view(rule: RuleView["rule"], more: Partial<RuleView> = {}): RuleView {
  return { rule, health: "ok", lastError: "", evaluatedMs: T, tookMs: 1.5, samples: 1, alerts: [], ...more };
}

function group(file: string, name: string, rules: readonly RuleView[]): RuleGroupView {
  return {
    group: {
      file,
      name,
      intervalMs: 15_000,
      queryOffsetMs: undefined,
      limit: 3,
      labels: [],
      rules: rules.map(({ rule }) => rule),
    },
    queryOffsetMs: 0,
    evaluatedMs: T + 10,
    tookMs: 2.25,
    restoreTookMs: undefined,
    rules,
    counters: {
      iterations: 0,
      iterationsMissed: 0,
      evaluations: 0,
      evaluationFailures: 0,
      samplesRefused: 0,
    },
  };
}

const FIRING = view(DOWN, {
  alerts: [alert("pending"), alert("keptFiring", { keepFiringSinceMs: T + 1_000 })],
});

function withGroups(...groups: readonly RuleGroupView[]) {
  return worldOf((deps: HttpDeps): HttpDeps => ({
    ...deps,
    rules: { ...deps.rules, groups: () => Promise.resolve(groups) },
  }));
}

async function namesOf(world: ReturnType<typeof worldOf>, query: string): Promise<readonly string[]> {
  const { data } = JSON.parse(await world.json(`/api/v1/rules?${query}`));
  return data.groups.map((
    one: { readonly name: string; readonly rules: readonly { readonly name: string }[] },
  ) => `${one.name}:${one.rules.map(({ name }) => name).join("+")}`);
}

Deno.test("rules are told as Prometheus tells them, field by field", async () => {
  const broken = view(RATE, { health: "err", lastError: 'no "x"', evaluatedMs: undefined, tookMs: 0 });
  const { json } = withGroups(group("/r.yml", "g", [FIRING, broken]));
  strictEqual(
    await json("/api/v1/rules"),
    '{"status":"success","data":{"groups":[{"name":"g","file":"/r.yml","rules":[' +
      '{"state":"firing","name":"Down","query":"up == 0","duration":90,"keepFiringFor":0.5,' +
      '"labels":{"severity":"page"},"annotations":{"summary":"{{ $labels.instance }} is down"},"alerts":[' +
      '{"labels":{"alertname":"Down","instance":"a"},"annotations":{"summary":"\\u003cb\\u003e is down"},' +
      '"state":"pending","activeAt":"2023-11-14T22:13:20.12Z","value":"2.5e-01"},' +
      '{"labels":{"alertname":"Down","instance":"a"},"annotations":{"summary":"\\u003cb\\u003e is down"},' +
      '"state":"firing","activeAt":"2023-11-14T22:13:20.12Z","keepFiringSince":"2023-11-14T22:13:21Z","value":"2.5e-01"}],' +
      '"health":"ok","evaluationTime":0.0015,"lastEvaluation":"2023-11-14T22:13:20Z","type":"alerting"},' +
      '{"name":"job:x:rate","query":"rate(x[1m])","labels":{},"health":"err","lastError":"no \\"x\\"",' +
      '"evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"}],' +
      '"interval":15,"limit":3,"evaluationTime":0.00225,"lastEvaluation":"2023-11-14T22:13:20.01Z"}]}}',
  );
  const { data } = JSON.parse(await json("/api/v1/rules?exclude_alerts=true"));
  strictEqual(data.groups[0].rules[0].alerts, null);
});

Deno.test("alerts of all rules are told together", async () => {
  const { json } = withGroups(group("/r.yml", "g", [FIRING]), group("/a.yml", "h", [view(RATE), view(DOWN)]));
  const { data } = JSON.parse(await json("/api/v1/alerts"));
  deepStrictEqual(data.alerts, FIRING.alerts.map((one) => JSON.parse(alertJson(one))));
});

Deno.test("a rule is unknown before its first evaluation, then as its most severe alert", async () => {
  const rules = [
    view(DOWN, { evaluatedMs: undefined, health: "unknown" }),
    view(DOWN),
    view(DOWN, { alerts: [alert("pending")] }),
    view(DOWN, { alerts: [alert("pending"), alert("firing"), alert("pending")] }),
  ];
  const { data } = JSON.parse(await withGroups(group("/r.yml", "g", rules)).json("/api/v1/rules"));
  deepStrictEqual(data.groups[0].rules.map((rule: { readonly state: string }) => rule.state), [
    "unknown",
    "inactive",
    "pending",
    "firing",
  ]);
});

Deno.test("filters choose rules by type, name, labels, and groups by name and file; empty groups are left out", async () => {
  const world = withGroups(
    group("/b.yml", "g", [FIRING, view(RATE)]),
    group("/a.yml", "h", [view(RATE)]),
    group("/a.yml", "empty", []),
  );
  const cases: readonly (readonly [query: string, names: readonly string[]])[] = [
    ["", ["h:job:x:rate", "g:Down+job:x:rate"]],
    ["type=alert", ["g:Down"]],
    ["type=RECORD", ["h:job:x:rate", "g:job:x:rate"]],
    ["rule_name[]=Down&rule_name[]=Other", ["g:Down"]],
    ["rule_group[]=h", ["h:job:x:rate"]],
    ["file[]=/b.yml&file[]=/c.yml", ["g:Down+job:x:rate"]],
    ['match[]={severity="page"}', ["g:Down"]],
    ['match[]={severity="warn"}&match[]={severity=~"p.*"}', ["g:Down"]],
    ["rule_group[]=empty", []],
  ];
  for (const [query, names] of cases) deepStrictEqual(await namesOf(world, query), names, query);
});

Deno.test("groups come in pages; a token of a group that is gone is refused", async () => {
  const all = Array.from(
    { length: 7 },
    (_, i) => group("/r.yml", `g${i}`, i === 3 ? [view(RATE)] : [FIRING]),
  );
  const world = withGroups(...all);
  const seen: string[] = [];
  let token = "";
  for (let page = 0; page < 9; page++) {
    const query = `type=alert&group_limit=2${token === "" ? "" : `&group_next_token=${token}`}`;
    const { data } = JSON.parse(await world.json(`/api/v1/rules?${query}`));
    seen.push(data.groups.map((one: { readonly name: string }) => one.name).join("+"));
    token = data.groupNextToken ?? "";
    if (token === "") break;
    assert(/^[0-9a-f]{64}$/.test(token));
  }
  deepStrictEqual(seen, ["g0+g1", "g2+g4", "g5+g6"], "g3 has no alerting rule");
});

Deno.test("bad parameters are refused in Prometheus's words", async () => {
  const world = withGroups(group("/r.yml", "g", [FIRING]));
  const cases: readonly (readonly [query: string, error: string])[] = [
    ["type=x", 'invalid parameter "type": not supported value "x"'],
    [
      "exclude_alerts=maybe",
      'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      "group_next_token=x",
      'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
    ],
    ["group_limit=0", 'invalid parameter "group_limit": group_limit needs to be greater than 0'],
    [
      "group_limit=a",
      'invalid parameter "group_limit": group_limit needs to be a valid number: strconv.ParseInt: parsing "a": invalid syntax',
    ],
    [
      "group_limit=1&group_next_token=abc",
      "invalid parameter \"group_next_token\": invalid group_next_token 'abc'. were rule groups changed?",
    ],
    ["match[]={", 'invalid parameter "match[]": 1:2: parse error: unexpected end of input inside braces'],
  ];
  for (const [query, error] of cases) {
    const response = await world.get(`/api/v1/rules?${query}`);
    strictEqual(response.status, 400, query);
    strictEqual(JSON.parse(await response.text()).error, error);
  }
});

Deno.test("values of alerts have an exponent of two digits, as Go writes them", () => {
  const cases: readonly (readonly [value: number, text: string])[] = [
    [1, "1e+00"],
    [0, "0e+00"],
    [-0, "-0e+00"],
    [0.25, "2.5e-01"],
    [-123456, "-1.23456e+05"],
    [1e100, "1e+100"],
    [5e-324, "5e-324"],
    [NaN, "NaN"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
  ];
  for (const [value, text] of cases) strictEqual(formatExponent(value), text);
});

Deno.test("Alertmanagers are told by the URL that takes alerts", async () => {
  const { json } = worldOf((deps) => ({
    ...deps,
    alertmanagers: () => Promise.resolve({ active: ["http://a/api/v2/alerts"], dropped: ["http://b/x"] }),
  }));
  strictEqual(
    await json("/api/v1/alertmanagers"),
    '{"status":"success","data":{"activeAlertmanagers":[{"url":"http://a/api/v2/alerts"}],' +
      '"droppedAlertmanagers":[{"url":"http://b/x"}]}}',
  );
});

function entry(atMs: number, more: Partial<AlertHistoryEntry> = {}): AlertHistoryEntry {
  return {
    atMs,
    labels: labelsFromRecord({ alertname: "Down", instance: "a" }),
    annotations: [["summary", "s"]],
    from: "pending",
    to: "firing",
    value: 1,
    cause: "heldLongEnough",
    activeAtMs: T,
    file: "/r.yml",
    group: "g",
    alertName: "Down",
    ...more,
  };
}

const ENTRY_TAIL = '"value":"1e+00","activeAt":"2023-11-14T22:13:20Z",' +
  '"labels":{"alertname":"Down","instance":"a"},"annotations":{"summary":"s"},' +
  '"rule":"Down","group":"g","file":"/r.yml"}';

Deno.test("the history of alerts tells each transition with its time, value and cause", async () => {
  const asked: { readonly sets: readonly (readonly Matcher[])[]; readonly range: TimeRange }[] = [];
  const { json, get } = worldOf((deps) => ({
    ...deps,
    rules: {
      ...deps.rules,
      history: (sets, range) => {
        asked.push({ sets, range });
        return Promise.resolve({ entries: [entry(T + 1), entry(T + 2), entry(T + 3)], completeSinceMs: T });
      },
    },
  }));
  const answer = await json(
    `/api/v1/narthex/alerts/history?match[]={a="b"}&start=1&end=2023-11-14T22:13:21Z&limit=1`,
  );
  strictEqual(
    answer,
    '{"status":"success","data":{"transitions":[{"time":"2023-11-14T22:13:20.003Z","from":"pending","to":"firing",' +
      `"cause":"heldLongEnough","reason":"it matched for as long as 'for' says",${ENTRY_TAIL}],` +
      '"completeSince":"2023-11-14T22:13:20Z"},"warnings":["results truncated due to limit"]}',
  );
  deepStrictEqual(asked[0]!.range, { startMs: 1_000, endMs: T + 1_000 });
  deepStrictEqual(asked[0]!.sets.map((set) => set.map(({ name, value }) => [name, value])), [[["a", "b"]]]);
  strictEqual((await get("/api/v1/narthex/alerts/history?start=2&end=1")).status, 400);
  strictEqual((await get("/api/v1/narthex/alerts/history?match[]={}")).status, 400);
  strictEqual((await get("/api/v1/narthex/alerts/history?limit=-1")).status, 400);
});

Deno.test("the alerts of a time are told with the transition that made them so", async () => {
  const asked: number[] = [];
  const { json, clock } = worldOf((deps) => ({
    ...deps,
    rules: {
      ...deps.rules,
      stateAt: (_sets, timeMs) => {
        asked.push(timeMs);
        const alerts = [entry(T, { to: "keptFiring", from: "firing", cause: "vanished" })];
        return Promise.resolve({ alerts, completeSinceMs: undefined });
      },
    },
  }));
  strictEqual(
    await json("/api/v1/narthex/alerts/at?time=1700000060"),
    '{"status":"success","data":{"time":"2023-11-14T22:14:20Z","alerts":[{"state":"keptFiring",' +
      '"since":"2023-11-14T22:13:20Z","cause":"vanished","reason":"the expression did not match any more",' +
      `${ENTRY_TAIL}],"completeSince":null}}`,
  );
  await json("/api/v1/narthex/alerts/at");
  deepStrictEqual(asked, [T + 60_000, clock.nowMs()]);
});
