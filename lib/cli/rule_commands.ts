/** The commands for rule files, `check rules` and `test rules`: their words and flags, and what they are run with. */
import { UserError } from "../core/errors.ts";
import type { Files } from "../core/ports.ts";
import { compileUnanchored, type RegexFinder } from "../model/regex.ts";
import type { SubcommandArguments } from "./argument_reader.ts";
import { checkRules } from "./check_rules.ts";
import type { Command, CommandPorts } from "./commands.ts";
import { type PromqlFeatures, promqlFeaturesOf } from "./promql_features.ts";
import { testRules } from "./test_rules.ts";

export interface RulePorts {
  readonly files: Files;
  /** All of standard input. */
  readStdin(): Promise<string>;
  /** Rejects with a `UserError` that names the path. */
  writeText(path: string, text: string): Promise<void>;
  monotonicMs(): number;
  yieldToLoop(): Promise<void>;
}

const LINTS: readonly string[] = ["all", "duplicate-rules", "none"];

export const FEATURE_HELP = [
  "    --enable-feature= ...",
  "Comma separated feature names to enable (only those of expressions count).",
] as const;

export const RULE_COMMANDS: readonly Command[] = [
  {
    words: ["check", "rules"],
    usage: "check rules [<flags>] [<rule-files>...]",
    summary: "Check if the rule files are valid or not.",
    spec: {
      valued: ["lint", "enable-feature"],
      booleans: ["lint-fatal", "ignore-unknown-fields"],
      short: {},
    },
    flagHelp: [
      ['    --lint="duplicate-rules"', `Linting checks to apply: ${LINTS.join(", ")}.`],
      ["    --lint-fatal", "Make lint errors exit with exit code 3."],
      ["    --ignore-unknown-fields", "Ignore unknown fields in the rule files."],
      FEATURE_HELP,
    ],
    run: runCheck,
  },
  {
    words: ["test", "rules"],
    usage: "test rules [<flags>] <test-rule-file>...",
    summary: "Unit tests for rules.",
    spec: {
      valued: ["run", "junit", "enable-feature"],
      booleans: ["diff", "debug", "ignore-unknown-fields"],
      short: {},
    },
    flagHelp: [
      ["    --run= ...", "Only run the tests whose name matches this regular expression."],
      ["    --debug", "Tell when a test begins and ends, and all data that it ends with."],
      ["    --diff", "Show alerts that differ as one text, with the differences in colour."],
      ["    --ignore-unknown-fields", "Ignore unknown fields in the rule files."],
      ["    --junit=FILE", "File path to store JUnit XML test results."],
      FEATURE_HELP,
    ],
    run: runTests,
  },
];

async function runCheck(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  await requireFiles(args.positional, ports);
  const lint = args.values.get("lint")?.at(-1) ?? "duplicate-rules";
  for (const name of lint.split(",")) {
    if (!LINTS.includes(name)) ports.out(`WARNING: unknown lint option ${name}\n`);
  }
  return await checkRules(args.positional, {
    lint,
    lintFatal: args.booleans.has("lint-fatal"),
    ignoreUnknownFields: args.booleans.has("ignore-unknown-fields"),
    parse: featuresOf(args, ports).parse,
  }, { ...ports.rules, out: (text) => ports.out(text), err: (text) => ports.err(text) });
}

async function runTests(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  if (args.positional.length === 0) {
    throw new UserError("bad_data", "required argument 'test-rule-file' not provided");
  }
  await requireFiles(args.positional, ports);
  const { parse, delayedNameRemoval } = featuresOf(args, ports);
  return await testRules(args.positional, {
    run: finderOf(args.values.get("run")),
    diff: args.booleans.has("diff"),
    debug: args.booleans.has("debug"),
    ignoreUnknownFields: args.booleans.has("ignore-unknown-fields"),
    junit: args.values.get("junit")?.at(-1),
    parse,
    delayedNameRemoval,
  }, {
    ...ports.rules,
    nowMs: () => ports.nowMs(),
    out: (text) => ports.out(text),
    err: (text) => ports.err(text),
  });
}

export function featuresOf(args: SubcommandArguments, ports: CommandPorts): PromqlFeatures {
  const features = promqlFeaturesOf(args.values.get("enable-feature") ?? []);
  for (const name of features.unknown) {
    ports.err(`  WARNING: --enable-feature is no-op for unknown option "${name}"\n`);
  }
  return features;
}

/** Each of several may match. */
function finderOf(patterns: readonly string[] | undefined): RegexFinder | undefined {
  return patterns === undefined ? undefined : compileUnanchored(patterns.join("|"));
}

async function requireFiles(paths: readonly string[], { rules }: CommandPorts): Promise<void> {
  for (const path of paths) {
    const info = await rules.files.stat(path);
    if (info === null) throw new UserError("not_found", `path '${path}' does not exist`);
    if (!info.isFile) throw new UserError("bad_data", `'${path}' is a directory`);
  }
}
