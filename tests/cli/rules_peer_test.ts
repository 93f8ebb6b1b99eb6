/** Beside the real promtool over the same files: the same verdicts, and the same words where they are no parser's own. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { systemFiles } from "../../lib/sys/files.ts";
import { hasPeer } from "../e2e/processes.ts";
import { runRules } from "./rule_ports.ts";
import { LIMITED, MEETING, RULE_TESTS, RULES } from "./rule_test_files.ts";

const SHARED = new URL("../../../shared/testdata", import.meta.url).pathname;
const missing = !hasPeer("promtool");

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

async function theirs(args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command("promtool", { args: [...args] }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Texts of the readers of YAML and of series, which are each side's own. */
const OWN_WORDS: ReadonlySet<string> = new Set([
  "bad_range.yml",
  "bad_series.yml",
  "bad_values.yml",
  "lines.yml",
  "types.yml",
  "unknown.yml",
]);

Deno.test({ name: "test rules says what promtool says, word by word", ignore: missing }, async () => {
  const directory = await Deno.makeTempDir();
  const files = { "rules.yml": RULES, "limited.yaml": LIMITED, "meeting.yaml": MEETING, ...RULE_TESTS };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${directory}/${name}`, text);
  const passed: string[] = [];
  for (const name of Object.keys(RULE_TESTS)) {
    const argv = ["test", "rules", `${directory}/${name}`];
    const [wanted, got] = [await theirs(argv), await runRules(argv, systemFiles)];
    if (got.code === 0) passed.push(name);
    strictEqual(got.code, wanted.code, `${name}: ${got.err}`);
    if (!OWN_WORDS.has(name)) deepStrictEqual([got.out, got.err], [wanted.out, wanted.err], name);
  }
  deepStrictEqual(passed.sort(), [
    "blank.yml",
    "empty.yml",
    "no_rules.yml",
    "no_tests.yml",
    "order.yml",
    "right.yml",
    "seconds.yml",
  ]);
  await Deno.remove(directory, { recursive: true });
});

/** What promtool 2.42 does not know yet, and 3.14 says. */
const NEWER_TESTS: ReadonlyMap<string, number> = new Map([
  ["no-test-group-interval.yml", 0],
  ["start-time-test.yml", 0],
  ["unittest.yml", 0],
]);
/** Their order or their reader of YAML is their own. */
const UNSTABLE_TESTS: ReadonlySet<string> = new Set([
  "bad-promql.yml",
  "bad-rules-error-test.yml",
  "rules_run_extrafields.yml",
  "rules_run_fuzzy.yml",
  "rules_run_no_fuzzy.yml",
]);

Deno.test({
  name: "every rule test of Prometheus has promtool's verdict",
  ignore: missing || !isThere(`${SHARED}/promtool`),
}, async () => {
  let seen = 0;
  for (const { name } of Deno.readDirSync(`${SHARED}/promtool`)) {
    const path = `${SHARED}/promtool/${name}`;
    if (!/\.ya?ml$/.test(name) || !/^tests:/m.test(await Deno.readTextFile(path))) continue;
    seen++;
    const argv = ["test", "rules", path];
    const [wanted, got] = [await theirs(argv), await runRules(argv, systemFiles)];
    strictEqual(got.code, NEWER_TESTS.get(name) ?? wanted.code, `${name}: ${got.err}`);
    if (NEWER_TESTS.has(name) || UNSTABLE_TESTS.has(name)) continue;
    deepStrictEqual([got.out, got.err], [wanted.out, wanted.err], name);
  }
  ok(seen >= 15, `${seen}`);
});

/** Verdicts of promtool 3.14 where 2.42 has another. */
const NEWER_RULES: ReadonlyMap<string, number> = new Map([
  ["promtool/features.yml", 1], // with --enable-feature it is right
  ["rulefmt/legacy_validation_annotation.bad.yaml", 0], // bad only where names are checked the old way
  ["rulefmt/utf-8_annotation.good.yaml", 0],
  ["rulefmt/utf-8_lname.good.yaml", 0],
]);

Deno.test({
  name: "every rule file of Prometheus is judged and linted as by promtool",
  ignore: missing || !isThere(`${SHARED}/rulefmt`),
}, async () => {
  const different: string[] = [];
  for (const folder of ["promtool", "rulefmt"]) {
    for (const { name } of Deno.readDirSync(`${SHARED}/${folder}`)) {
      if (!/\.ya?ml$/.test(name)) continue;
      const path = `${SHARED}/${folder}/${name}`;
      for (const flags of [[], ["--lint-fatal"], ["--lint=none"], ["--lint=all", "--lint-fatal"]]) {
        const argv = ["check", "rules", ...flags, path];
        const [wanted, got] = [await theirs(argv), await runRules(argv, systemFiles)];
        strictEqual(
          got.code,
          NEWER_RULES.get(`${folder}/${name}`) ?? wanted.code,
          `${argv.join(" ")}: ${got.err}`,
        );
        if (NEWER_RULES.has(`${folder}/${name}`) || wanted.err.includes("yaml: ")) continue;
        if (got.out !== wanted.out || got.err !== wanted.err) different.push(`${folder}/${name}`);
      }
    }
  }
  // promtool 2.42 takes the name of a YAML alias for what it stands for.
  deepStrictEqual([...new Set(different)], ["rulefmt/test_aliases.yaml"]);
  const features =
    "promql-experimental-functions,promql-extended-range-selectors,promql-binop-fill-modifiers,promql-duration-expr";
  const argv = ["check", "rules", `--enable-feature=${features}`, `${SHARED}/promtool/features.yml`];
  strictEqual((await runRules(argv, systemFiles)).code, 0);
});

Deno.test({
  name: "check config tells of its rule files what promtool tells",
  ignore: missing || !isThere(`${SHARED}/promtool`),
}, async () => {
  const directory = await Deno.makeTempDir();
  const names = [
    "rules.yml",
    "rules_duplicates.yml",
    "rules-bad.yml",
    "bad-rules-syntax.yml",
    "rules_extrafields.yml",
  ];
  const cases: readonly (readonly [files: readonly string[], flags: readonly string[]])[] = [
    [names.slice(0, 1), []],
    [names.slice(0, 2), ["--lint-fatal"]],
    [names.slice(0, 2), ["--lint=none"]],
    [names.slice(0, 4), []],
    [[], []],
  ];
  for (const [files, flags] of cases) {
    const list = files.map((name) => JSON.stringify(`${SHARED}/promtool/${name}`)).join(", ");
    await Deno.writeTextFile(`${directory}/p.yml`, `rule_files: [${list}]\n`);
    const argv = ["check", "config", ...flags, `${directory}/p.yml`];
    const [wanted, got] = [await theirs(argv), await runRules(argv, systemFiles)];
    deepStrictEqual([got.code, got.out, got.err], [wanted.code, wanted.out, wanted.err], argv.join(" "));
  }
  await Deno.remove(directory, { recursive: true });
});
