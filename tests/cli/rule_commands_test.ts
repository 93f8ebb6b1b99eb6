import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { memoryFiles } from "../config/memory_files.ts";
import { runRules } from "./rule_ports.ts";

const RULES =
  "groups: [{ name: g, rules: [{ alert: Down, expr: up == 0, labels: { a: b } }, { record: r, expr: up }] }]";
const TESTS = `rule_files: [rules.yml]
tests:
- { name: one, interval: 1m, input_series: [{ series: up, values: 0 }], alert_rule_test: [{ eval_time: 0, alertname: Down, exp_alerts: [{ exp_labels: { a: c }, exp_annotations: { x: "y" } }] }] }
- { name: two, interval: 1m, promql_expr_test: [{ expr: "1 + 1", eval_time: 0, exp_samples: [{ value: 2 }] }] }
- { interval: 1m, promql_expr_test: [{ expr: '"<&>"', eval_time: 1m }] }
`;

function run(argv: readonly string[], files: Readonly<Record<string, string>>, stdin?: string) {
  return runRules(argv, memoryFiles(files), stdin);
}

const FILES = { "rules.yml": RULES, "t.yml": TESTS };

Deno.test("check rules reads standard input when no file is named", async () => {
  deepStrictEqual((({ code, out, err }) => ({ code, out, err }))(await run(["check", "rules"], {}, RULES)), {
    code: 0,
    out: "Checking standard input\n  SUCCESS: 2 rules found\n\n",
    err: "",
  });
  const bad = await run(["check", "rules"], {}, "groups: [{ name: g, rules: [{ record: r, expr: up + }] }]");
  deepStrictEqual([bad.code, bad.out], [1, "Checking standard input\n\n"]);
  ok(bad.err.includes('group "g", rule 1, "r": could not parse expression: 1:5: parse error: '), bad.err);
});

Deno.test("a rule file that is not there, and a lint that nobody knows, are told", async () => {
  const gone = await run(["check", "rules", "gone.yml"], FILES);
  deepStrictEqual([gone.code, gone.err], [1, "narthex: error: path 'gone.yml' does not exist, try --help\n"]);
  const lint = await run(["check", "rules", "--lint=odd", "rules.yml"], FILES);
  strictEqual(lint.code, 0);
  ok(lint.out.startsWith("WARNING: unknown lint option odd\nChecking rules.yml\n"), lint.out);
  const none = await run(["test", "rules"], FILES);
  deepStrictEqual([none.code, none.err], [
    1,
    "narthex: error: required argument 'test-rule-file' not provided, try --help\n",
  ]);
});

Deno.test("unknown fields of rule files pass when asked for, those of a test never", async () => {
  const files = {
    "rules.yml": "groups: [{ name: g, owner: me, rules: [] }]",
    "t.yml": "rule_files: [rules.yml]\ntests: [{ interval: 1m }]",
    "odd.yml": "odd: 1",
  };
  strictEqual((await run(["check", "rules", "rules.yml"], files)).code, 1);
  strictEqual((await run(["check", "rules", "--ignore-unknown-fields", "rules.yml"], files)).code, 0);
  strictEqual((await run(["test", "rules", "t.yml"], files)).code, 1);
  strictEqual((await run(["test", "rules", "--ignore-unknown-fields", "t.yml"], files)).code, 0);
  const odd = await run(["test", "rules", "--ignore-unknown-fields", "odd.yml"], files);
  ok(odd.code === 1 && odd.err.includes("field odd not found in type main.unitTestFile"), odd.err);
});

Deno.test("--run picks tests by their names", async () => {
  const { code, out, err } = await run(["test", "rules", "--run=^tw", "t.yml"], FILES);
  deepStrictEqual([code, out, err], [0, "Unit Testing:  t.yml\n  SUCCESS\n\n", ""]);
  strictEqual((await run(["test", "rules", "--run=two", "--run=one", "t.yml"], FILES)).code, 1);
  const none = await run(["test", "rules", "--run=[", "t.yml"], FILES);
  ok(none.code === 1 && none.err.includes("missing closing ]"), none.err);
});

Deno.test("--diff shows alerts once, with what differs in colour", async () => {
  const { code, err } = await run(["test", "rules", "--diff", "--run=one", "t.yml"], FILES);
  strictEqual(code, 1);
  strictEqual(
    err,
    `  FAILED:
    name: one,
    alertname: Down, time: 0s, 
        diff: [
                {
                    "Annotations": {
                        \x1b[0;31m"x": "y"\x1b[0m
                    },
                    "Labels": {
                        "a": \x1b[0;33m"c" => "b"\x1b[0m,
                        "alertname": "Down"
                    }
                }
            ]
`,
  );
});

Deno.test("--junit writes each verdict, also between the words of the command", async () => {
  const argv = ["test", "--junit=out.xml", "rules", "t.yml", "gone/../bad.yml"];
  const { code, written } = await run(argv, { ...FILES, "gone/../bad.yml": "tests: 1" });
  strictEqual(code, 1);
  const xml = written.get("out.xml")!;
  const failure =
    "    name: one,&#xA;    alertname: Down, time: 0s, &#xA;        exp:[&#xA;            0:&#xA;";
  ok(
    xml.startsWith(
      '<testsuites><testsuite name="t.yml" tests="3" failures="2" errors="0" skipped="0" ' +
        `timestamp="2023-11-14T22:13:20"><testcase name="one"><failure>${failure}`,
    ),
    xml,
  );
  ok(
    xml.includes('<testcase name="two"></testcase><testcase name="unnamed#2"><failure>    expr: &#34;'),
    xml,
  );
  ok(xml.includes("\\&#34;&lt;&amp;&gt;\\&#34;"), xml);
  ok(
    xml.includes(
      '<testsuite name="gone/../bad.yml" tests="1" failures="0" errors="1" skipped="0" timestamp="">' +
        '<testcase name="unknown"><error>gone/../bad.yml:1:8: tests: ',
    ),
    xml,
  );
});

Deno.test("--debug tells what a test ends with", async () => {
  const { out } = await run(["test", "rules", "--debug", "--run=one", "t.yml"], FILES);
  strictEqual(
    out,
    `Unit Testing:  t.yml
DEBUG: Starting test one
DEBUG: Dump of all data (input_series and rules) at 1s:
{__name__="ALERTS", a="b", alertname="Down", alertstate="firing"} =>
1 @[0]
{__name__="ALERTS_FOR_STATE", a="b", alertname="Down"} =>
0 @[0]
{__name__="r"} =>
0 @[0]
{__name__="up"} =>
0 @[0]
DEBUG: Test one finished, took 0s


`,
  );
});

Deno.test("expressions may use what --enable-feature names", async () => {
  const files = {
    "r.yml": "groups: [{ name: g, rules: [{ record: r, expr: 'sort_by_label(up, \"a\")' }] }]",
    "t.yml": "rule_files: [r.yml]\ntests: [{ interval: 1m }]",
  };
  const flag = "--enable-feature=promql-experimental-functions,promql-duration-expr";
  for (const argv of [["check", "rules", "r.yml"], ["test", "rules", "t.yml"]]) {
    strictEqual((await run(argv, files)).code, 1);
    strictEqual((await run([...argv, flag], files)).code, 0);
  }
  const odd = await run(["check", "rules", "--enable-feature=odd", "r.yml"], files);
  ok(odd.err.startsWith('  WARNING: --enable-feature is no-op for unknown option "odd"\n'), odd.err);
});

Deno.test("what a rule test may not say, is told with the rule's or the test's name", async () => {
  const cases: readonly (readonly [test: string, message: string])[] = [
    [
      "tests: [{ interval: 1m, start_timestamp: soon }]",
      't.yml:1:42: tests[0].start_timestamp: expected a Unix timestamp or an RFC3339 time, got "soon"',
    ],
    [
      "tests: [{ interval: 1m, input_series: [{ series: up, values: '1 {{sum:1' }] }]",
      'input series "up 1 {{sum:1": expected a histogram, got "{{sum:1"',
    ],
    [
      "tests: [{ interval: 1m, promql_expr_test: [{ expr: vector(1), exp_samples: [{ histogram: '1' }] }] }]",
      '    expr: "vector(1)", time: 0s, err: labels "": expected histogram, got 1',
    ],
    [
      "tests: [{ interval: 1m, promql_expr_test: [{ expr: vector(1), exp_samples: [{ labels: 'a 1' }] }] }]",
      '    expr: "vector(1)", time: 0s, err: labels "a 1": expected labels only, got values after them',
    ],
  ];
  for (const [text, message] of cases) {
    const { code, err } = await run(["test", "rules", "t.yml"], { "t.yml": text });
    deepStrictEqual([code, err], [1, `  FAILED:\n${message}\n`]);
  }
});
