import assert from "node:assert/strict";
import { eventually, pause, query, startNarthex } from "./processes.ts";

const INTERVAL_MS = 3_000;
const ROUNDS = 4;

/** Holds few samples at once, and has eight milliards of them to look at. */
const ENDLESS_QUERY = "max_over_time(predict_linear(vector(time())[90000s:1s], 1)[90000s:1s])";

const RULES = `groups:
- name: good
  rules:
  - { record: "good:one", expr: "vector(1)" }
  - { record: "good:two", expr: "good:one * 2" }
- name: loads too much
  rules:
  - { record: "big", expr: "sum_over_time(vector(1)[300000s:1s])" }
  - { record: "after:big", expr: "vector(3)" }
- name: takes too long
  rules:
  - { record: "slow", expr: "${ENDLESS_QUERY}" }
  - { record: "after:slow", expr: "vector(4)" }
- name: loops for ever
  rules:
  - alert: Loops
    expr: vector(5)
    annotations:
      big: "{{ range 99999999 }}x{{ end }}"
      deep: "{{ range 9999 }}{{ range 9999 }}{{ end }}{{ end }}"
      fine: "it is {{ $value }}"
`;

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly alerts?: readonly { readonly annotations: Readonly<Record<string, string>> }[];
}

interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

Deno.test("rules that load too much, take too long or have an endless template harm no other group, and are told", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const rules = `${directory}/rules.yml`;
    await Deno.writeTextFile(rules, RULES);
    const configPath = `${directory}/prometheus.yml`;
    await Deno.writeTextFile(
      configPath,
      `global: { evaluation_interval: ${INTERVAL_MS}ms }\nrule_files: [${rules}]\n`,
    );
    await using narthex = await startNarthex({
      dataPath: `${directory}/data`,
      configPath,
      flags: ["--query.max-samples=200000", "--query.timeout=1s"],
    });
    const groups = async (): Promise<readonly Group[]> =>
      (await (await fetch(`${narthex.url}/api/v1/rules`)).json()).data.groups;
    const told = await eventually(
      "every rule to have been evaluated",
      groups,
      (all) => all.length === 4 && all.every((one) => one.rules.every(({ health }) => health !== "unknown")),
    );
    const fromMs = Date.now();
    const rule = (name: string) => told.flatMap((group) => group.rules).find((one) => one.name === name)!;
    assert.equal(rule("big").health, "err");
    assert.equal(
      rule("big").lastError,
      "query processing would load too many samples into memory in query execution",
    );
    assert.equal(rule("slow").health, "err");
    assert.equal(rule("slow").lastError, "query timed out in expression evaluation");
    for (const name of ["good:one", "good:two", "after:big", "after:slow", "Loops"]) {
      assert.equal(rule(name).health, "ok", `${name}: ${rule(name).lastError}`);
    }
    const { annotations } = rule("Loops").alerts![0]!;
    assert.equal(annotations.fine, "it is 5");
    assert.match(
      annotations.big!,
      /^<error expanding template: .*range over 99999999 exceeds the limit of 1000000 steps>$/,
    );
    assert.match(
      annotations.deep!,
      /^<error expanding template: .*exceeded the limit of one expansion: more than 1000000 steps>$/,
    );

    await pause(ROUNDS * INTERVAL_MS);
    const passedMs = Date.now() - fromMs;
    const [found] = await query(narthex, `good:two[${Math.floor(passedMs / 1000)}s]`);
    const values = found?.values ?? [];
    assert.ok(values.length >= ROUNDS - 1, `${values.length} samples in ${passedMs} ms`);
    values.forEach(([tS], i) => {
      if (i > 0) {
        assert.equal(Math.round(tS * 1000 - values[i - 1]![0] * 1000), INTERVAL_MS, "a slot is missing");
      }
    });
    const metrics = await (await fetch(`${narthex.url}/metrics`)).text();
    const missed = /^prometheus_rule_group_iterations_missed_total\{rule_group="[^"]*;good"\} (\S+)$/m.exec(
      metrics,
    );
    assert.equal(missed?.[1], "0");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
