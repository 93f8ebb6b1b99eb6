import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { loadRuleFile, loadRules } from "../../lib/rules/load.ts";
import { ruleKeys } from "../../lib/rules/rule.ts";
import { memoryFiles } from "../config/memory_files.ts";
import { groupOf, LOAD } from "./fixtures.ts";

function complaints(yaml: string, options = LOAD): readonly string[] {
  try {
    loadRuleFile(yaml, "f.yml", options);
  } catch (error) {
    return (error as Error).message.split("\n");
  }
  return [];
}

const rule = (body: string) => `groups:\n- name: g\n  rules:\n  - ${body.replaceAll("\n", "\n    ")}`;

Deno.test("what is wrong with a rule is said with its place, group, number and name, as Prometheus says it", () => {
  const table: readonly (readonly [body: string, message: string])[] = [
    [
      "record: r\nalert: A\nexpr: m",
      `4:13: 5:12: group "g", rule 1, "A": only one of 'record' and 'alert' must be set`,
    ],
    ["expr: m", `0:0: group "g", rule 1, "": one of 'record' or 'alert' must be set`],
    ["record: r", `0:0: group "g", rule 1, "r": field 'expr' must be set in rule`],
    [
      "record: r\nexpr: sum(",
      `5:11: group "g", rule 1, "r": could not parse expression: 1:5: parse error: unclosed left parenthesis`,
    ],
    ["record: r\nexpr: m\nfor: 1m", `4:13: group "g", rule 1, "r": invalid field 'for' in recording rule`],
    [
      "record: r\nexpr: m\nkeep_firing_for: 1m",
      `4:13: group "g", rule 1, "r": invalid field 'keep_firing_for' in recording rule`,
    ],
    [
      "record: r\nexpr: m\nannotations: {a: b}",
      `4:13: group "g", rule 1, "r": invalid field 'annotations' in recording rule`,
    ],
    [
      "record: 'r{a=\"b\"}'\nexpr: m",
      `4:13: group "g", rule 1, "r{a=\\"b\\"}": braces present in the recording rule name; should it be in expr?: r{a="b"}`,
    ],
    ["alert: A\nexpr: m\nlabels: {__name__: x}", `group "g", rule 1, "A": invalid label name: __name__`],
    ["alert: A\nexpr: m\nannotations: {'': x}", `group "g", rule 1, "A": invalid annotation name: `],
    [
      "alert: A\nexpr: m\nannotations: {s: '{{ $label }}'}",
      `group "g", rule 1, "A": annotation "s": template: __alert_A:1: undefined variable "$label"`,
    ],
    [
      "alert: A\nexpr: m\nlabels: {s: '{{ nope }}'}",
      `group "g", rule 1, "A": label "s": template: __alert_A:1: function "nope" not defined`,
    ],
  ];
  for (const [body, message] of table) deepStrictEqual(complaints(rule(body)), [`f.yml: ${message}`]);
});

Deno.test("groups need a name of their own; all that is wrong is told at once", () => {
  deepStrictEqual(
    complaints(
      "groups:\n- name: g\n- name: g\n- interval: 1s\n- name: h\n  rules: [{expr: m}]\n  labels: {__name__: x}",
    ),
    [
      'f.yml: 3:3: groupname: "g" is repeated in the same file',
      "f.yml: 4:3: Groupname must not be empty",
      "f.yml: invalid label name: __name__",
      `f.yml: 0:0: group "h", rule 1, "": one of 'record' or 'alert' must be set`,
    ],
  );
});

Deno.test("names of labels are free under utf8 and of the old kind under legacy", () => {
  const yaml = rule("record: a-b\nexpr: m\nlabels: {c-d: x}");
  deepStrictEqual(complaints(yaml), []);
  deepStrictEqual(complaints(yaml, { ...LOAD, nameValidation: "legacy" }), [
    'f.yml: 4:13: group "g", rule 1, "a-b": invalid recording rule name: a-b',
    'f.yml: group "g", rule 1, "a-b": invalid label name: c-d',
  ]);
});

Deno.test("what the command line does not switch on is no expression of a rule", () => {
  const yaml = rule("record: r\nexpr: info(m)");
  strictEqual(complaints(yaml).length, 1);
  deepStrictEqual(complaints(yaml, { ...LOAD, parse: { experimentalFunctions: true } }), []);
});

Deno.test("a rule has the group's labels under its own, a canonical expression, and the defaults", () => {
  const [group] = loadRuleFile(
    "groups:\n- name: g\n  labels: {a: group, b: group}\n  rules: [{alert: A, expr: 'sum(m)by(x)', labels: {b: own, c: ''}}]",
    "f.yml",
    LOAD,
  );
  deepStrictEqual(group, {
    file: "f.yml",
    name: "g",
    intervalMs: 60_000,
    queryOffsetMs: undefined,
    limit: 0,
    labels: [["a", "group"], ["b", "group"]],
    rules: [{
      kind: "alerting",
      name: "A",
      expr: "sum by (x) (m)",
      labels: [["a", "group"], ["b", "own"], ["c", ""]],
      forMs: 0,
      keepFiringForMs: 0,
      annotations: [],
    }],
  });
});

Deno.test("patterns name files, each file is loaded once, and every wrong file is told", async () => {
  const good = "groups: [{name: g, rules: []}]";
  const files = memoryFiles({ "/r/a.yml": good, "/r/b.yml": good, "/r/c.txt": "no" });
  const groups = await loadRules(["/r/*.yml", "/r/a.yml", "/r/none.yml"], files, LOAD);
  deepStrictEqual(groups.map(({ file }) => file), ["/r/a.yml", "/r/b.yml"]);
  const bad = memoryFiles({ "/r/a.yml": rule("expr: m"), "/r/b.yml": "groups: 3" });
  await rejects(loadRules(["/r/*.yml"], bad, LOAD), (error: Error) => {
    const lines = error.message.split("\n");
    strictEqual(lines[0], `/r/a.yml: 0:0: group "g", rule 1, "": one of 'record' or 'alert' must be set`);
    strictEqual(lines[1]!.startsWith("/r/b.yml:1:9: groups: expected a list"), true, lines[1]);
    return true;
  });
});

Deno.test("only the first document of a rule file is read, and unknown fields are refused unless they are to be ignored", () => {
  strictEqual(loadRuleFile("groups: [{name: g}]\n---\nnonsense: 1", "f.yml", LOAD).length, 1);
  throws(() => loadRuleFile("groups: [{name: g, what: 1}]", "f.yml", LOAD), /field what not found/);
  strictEqual(
    loadRuleFile("groups: [{name: g, what: 1}]", "f.yml", { ...LOAD, unknownFields: "ignored" }).length,
    1,
  );
});

Deno.test("a rule is known by kind, name and labels, and the second of such a kind by its number", () => {
  const { rules } = groupOf(
    "  - {record: r, expr: a}\n  - {record: r, expr: b}\n  - {record: r, expr: c, labels: {x: y}}\n  - {alert: r, expr: a}",
  );
  deepStrictEqual(ruleKeys(rules), [
    '["recording","r"]',
    '["recording","r"]#2',
    '["recording","r","x","y"]',
    '["alerting","r"]',
  ]);
});
