/** `test rules`: runs the tests of each file and prints as promtool does; the verdicts also as JUnit XML. */
import { expandGlob } from "../config/glob.ts";
import { directoryOf, joinPath } from "../config/paths.ts";
import { UserError } from "../core/errors.ts";
import type { Files } from "../core/ports.ts";
import type { RegexFinder } from "../model/regex.ts";
import type { ParseOptions } from "../promql/parse.ts";
import { loadRuleFile } from "../rules/load.ts";
import type { RuleGroup } from "../rules/rule.ts";
import { formatGoDuration, goTime } from "../template/go_time.ts";
import { type JunitCase, type JunitSuite, junitXml } from "../rule_test/junit.ts";
import { runTest } from "../rule_test/run_test.ts";
import { readTestFile, type RuleTestFile, type TestGroup } from "../rule_test/test_file.ts";
import { messagesOf } from "./rule_file_report.ts";

export interface TestRulesOptions {
  /** Tests whose name it finds something in; undefined: all. */
  readonly run: RegexFinder | undefined;
  readonly diff: boolean;
  readonly debug: boolean;
  readonly ignoreUnknownFields: boolean;
  /** Where the JUnit XML goes; undefined: nowhere. */
  readonly junit: string | undefined;
  readonly parse: ParseOptions;
  readonly delayedNameRemoval: boolean;
}

export interface TestRulesPorts {
  readonly files: Files;
  /** Rejects with a `UserError` that names the path. */
  writeText(path: string, text: string): Promise<void>;
  nowMs(): number;
  monotonicMs(): number;
  yieldToLoop(): Promise<void>;
  out(text: string): void;
  err(text: string): void;
}

const DEFAULT_INTERVAL_MS = 60_000;

/** 0 when every test passes, else 1. */
export async function testRules(
  paths: readonly string[],
  options: TestRulesOptions,
  ports: TestRulesPorts,
): Promise<number> {
  let failed = false;
  const suites: JunitSuite[] = [];
  for (const path of paths) {
    ports.out(`Unit Testing:  ${path}\n`);
    const { failures, suite } = await testFile(path, options, ports);
    suites.push(suite);
    if (failures.length === 0) ports.out("  SUCCESS\n");
    else {
      failed = true;
      ports.err("  FAILED:\n");
      for (const failure of failures) {
        ports.err(`${failure}\n`);
        ports.out("\n");
      }
    }
    ports.out("\n");
  }
  if (options.junit !== undefined) await ports.writeText(options.junit, junitXml(suites));
  return failed ? 1 : 0;
}

interface FileVerdict {
  readonly failures: readonly string[];
  readonly suite: JunitSuite;
}

async function testFile(
  path: string,
  options: TestRulesOptions,
  ports: TestRulesPorts,
): Promise<FileVerdict> {
  let read: RuleTestFile;
  let ruleFiles: readonly string[];
  try {
    read = readTestFile(await ports.files.readText(path), path);
    ruleFiles = await ruleFilesOf(path, read, ports);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const failures = messagesOf(error);
    // As promtool: what keeps a file from being tested is the error of a case of its own.
    const unknown: JunitCase = { name: "unknown", failures: [], error: failures.join("\n") };
    return { failures, suite: { name: path, timestamp: "", cases: [unknown] } };
  }
  const intervalMs = read.evaluation_interval || DEFAULT_INTERVAL_MS;
  const cases: JunitCase[] = [];
  for (const [index, given] of read.tests.entries()) {
    if (options.run !== undefined && !options.run.finds(given.name)) continue;
    const name = given.name === "" ? `unnamed#${index}` : given.name;
    const test = { ...given, interval: given.interval || intervalMs };
    const failures = await testOne(name, test, { read, ruleFiles, intervalMs }, options, ports);
    cases.push({ name, failures });
  }
  return {
    failures: cases.flatMap(({ failures }) => failures),
    suite: { name: path, timestamp: timestampOf(ports.nowMs()), cases },
  };
}

/** Local times have no place here: UTC, as the rest of the program. */
function timestampOf(nowMs: number): string {
  return /^(\S+) (\d\d:\d\d:\d\d)/.exec(goTime(nowMs).text ?? "")!.slice(1, 3).join("T");
}

async function ruleFilesOf(
  path: string,
  { rule_files, group_eval_order }: RuleTestFile,
  ports: TestRulesPorts,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const given of rule_files) {
    const pattern = joinPath(directoryOf(path), given);
    const files = await expandGlob(pattern, ports.files);
    if (files.length === 0) ports.err(`  WARNING: no file match pattern ${pattern}\n`);
    for (const file of files) found.add(file);
  }
  const repeated = group_eval_order.find((name, i) => group_eval_order.indexOf(name) < i);
  if (repeated !== undefined) {
    throw new UserError("bad_data", `group name repeated in evaluation order: ${repeated}`);
  }
  return [...found];
}

interface Surroundings {
  readonly read: RuleTestFile;
  readonly ruleFiles: readonly string[];
  readonly intervalMs: number;
}

async function testOne(
  name: string,
  test: TestGroup,
  { read, ruleFiles, intervalMs }: Surroundings,
  options: TestRulesOptions,
  ports: TestRulesPorts,
): Promise<readonly string[]> {
  const fromMs = ports.monotonicMs();
  if (options.debug) ports.out(`DEBUG: Starting test ${name}\n`);
  const groups: RuleGroup[] = [];
  const failures: string[] = [];
  for (const file of ruleFiles) {
    try {
      groups.push(...loadRuleFile(await ports.files.readText(file), file, {
        intervalMs: test.interval,
        parse: options.parse,
        nameValidation: "utf8",
        unknownFields: options.ignoreUnknownFields ? "ignored" : "refused",
      }));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failures.push(...messagesOf(error));
    }
  }
  if (failures.length === 0) {
    failures.push(
      ...await runTest(test, inOrder(groups, read.group_eval_order), {
        name,
        evaluationIntervalMs: intervalMs,
        fuzzy: read.fuzzy_compare,
        diff: options.diff,
        parse: options.parse,
        delayedNameRemoval: options.delayedNameRemoval,
      }, {
        monotonicMs: () => ports.monotonicMs(),
        yieldToLoop: () => ports.yieldToLoop(),
        ...(options.debug ? { debug: (line: string) => ports.out(`${line}\n`) } : {}),
      }),
    );
  }
  if (options.debug) {
    ports.out(`DEBUG: Test ${name} finished, took ${formatGoDuration(ports.monotonicMs() - fromMs)}\n`);
  }
  return failures;
}

/** As promtool: a group that the order does not name counts as its first. */
function inOrder(groups: readonly RuleGroup[], order: readonly string[]): readonly RuleGroup[] {
  const place = ({ name }: RuleGroup) => Math.max(0, order.indexOf(name));
  return groups.toSorted((a, b) => place(a) - place(b));
}
