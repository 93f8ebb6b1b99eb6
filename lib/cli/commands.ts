/**
 * The command line's first word: which subcommand runs, or that the server is to start. Everything that a
 * subcommand prints or asks for goes through ports; nothing exits here.
 */
import { messageOf, UserError } from "../core/errors.ts";
import { readArguments, type SubcommandArguments, type SubcommandSpec } from "./argument_reader.ts";
import { EXIT_BAD_FLAG, EXIT_FAILURE, parseServerArguments, type ServerArguments } from "./flags.ts";
import { type BuildInfo, helpRow, serverHelpText, versionText } from "./help.ts";
import { queryInstant, queryRange } from "./query_command.ts";
import type { JsonResponse } from "./query_output.ts";
import type { ParseOptions } from "../promql/parse.ts";
import { FEATURE_HELP, featuresOf, RULE_COMMANDS, type RulePorts } from "./rule_commands.ts";
import { TSDB_COMMANDS } from "./tsdb_commands.ts";
import type { TsdbPorts } from "./tsdb_ports.ts";

export interface JsonRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface CheckConfigOptions {
  readonly syntaxOnly: boolean;
  readonly agent: boolean;
  /** `duplicate-rules`, `all`, `too-long-scrape-interval`, `none`. */
  readonly lint: string;
  readonly lintFatal: boolean;
  readonly ignoreUnknownFields: boolean;
  /** What expressions of rules may use. @default {} */
  readonly parse?: ParseOptions;
}

export interface CommandPorts {
  /** Rejects when no answer came; any status is an answer. */
  fetchJson(request: JsonRequest): Promise<JsonResponse>;
  nowMs(): number;
  out(text: string): void;
  err(text: string): void;
  /** Checks each file, prints what it found, and answers the exit code. */
  checkConfig(paths: readonly string[], options: CheckConfigOptions): Promise<number>;
  readonly rules: RulePorts;
  readonly tsdb: TsdbPorts;
  readonly build: BuildInfo;
}

export type CommandOutcome =
  | { readonly kind: "server"; readonly arguments: Extract<ServerArguments, { kind: "run" }> }
  | { readonly kind: "exit"; readonly code: number };

export interface Command {
  readonly words: readonly [string, string];
  readonly usage: string;
  readonly summary: string;
  readonly spec: SubcommandSpec;
  /** Flag with its placeholder → help. */
  readonly flagHelp: readonly (readonly [flag: string, help: string])[];
  run(args: SubcommandArguments, ports: CommandPorts): Promise<number>;
}

const LINTS: readonly string[] = ["all", "duplicate-rules", "none", "too-long-scrape-interval"];
const FORMAT_HELP = ["-o, --format=promql", "Output format of the query: promql or json."] as const;
const HEADER_HELP = ["    --header=HEADER ...", "Extra headers to send to the server, NAME=VALUE."] as const;
const TIMES = "(RFC3339 or Unix timestamp).";

const COMMANDS: readonly Command[] = [
  {
    words: ["check", "config"],
    usage: "check config [<flags>] <config-files>...",
    summary: "Check if the config files are valid or not.",
    spec: {
      valued: ["lint", "enable-feature"],
      booleans: ["syntax-only", "agent", "lint-fatal", "ignore-unknown-fields"],
      short: {},
    },
    flagHelp: [
      ["    --syntax-only", "Only check the config file syntax, ignoring file and content validation."],
      ['    --lint="duplicate-rules"', `Linting checks to apply: ${LINTS.join(", ")}.`],
      ["    --lint-fatal", "Make lint errors exit with exit code 3."],
      ["    --ignore-unknown-fields", "Ignore unknown fields in the rule files."],
      ["    --agent", "Check config file for Prometheus in Agent mode."],
      FEATURE_HELP,
    ],
    run: checkConfig,
  },
  ...RULE_COMMANDS,
  {
    words: ["query", "instant"],
    usage: "query instant [<flags>] <server> <expr>",
    summary: "Run an instant query.",
    spec: { valued: ["time", "header", "format"], booleans: [], short: { o: "format" } },
    flagHelp: [FORMAT_HELP, ["    --time=TIME", `Query evaluation time ${TIMES}`], HEADER_HELP],
    run: queryInstant,
  },
  {
    words: ["query", "range"],
    usage: "query range [<flags>] <server> <expr>",
    summary: "Run a range query.",
    spec: { valued: ["start", "end", "step", "header", "format"], booleans: [], short: { o: "format" } },
    flagHelp: [
      FORMAT_HELP,
      ["    --start=START", `Query range start time ${TIMES}`],
      ["    --end=END", `Query range end time ${TIMES}`],
      ["    --step=STEP", "Query step size (duration)."],
      HEADER_HELP,
    ],
    run: queryRange,
  },
  ...TSDB_COMMANDS,
];

export async function runCommand(given: readonly string[], ports: CommandPorts): Promise<CommandOutcome> {
  const argv = groupFlagsLast(given);
  const first = argv[0];
  if (first === undefined || first.startsWith("-")) return startServer(argv, ports);
  if (first === "help") return exit(help(argv.slice(1), ports));
  const command = COMMANDS.find(({ words }) => words[0] === first && words[1] === argv[1]);
  if (command !== undefined) return exit(await runSubcommand(command, argv.slice(2), ports));
  const group = COMMANDS.filter(({ words }) => words[0] === first);
  if (group.length > 0 && (argv[1] === "--help" || argv[1] === "-h")) return exit(help([first], ports));
  const expected = group.length > 0
    ? `expected one of ${group.map(({ words }) => `"${words.join(" ")}"`).join(", ")}`
    : `expected one of ${[...new Set(COMMANDS.map(({ words }) => `"${words[0]}"`))].join(", ")}, "help"`;
  const got = group.length > 0 ? argv.slice(0, 2).join(" ") : first;
  ports.err(`narthex: error: unknown command "${got}", ${expected}, try --help\n`);
  // As promtool for its commands, as prometheus for a word that is none.
  return exit(group.length > 0 ? EXIT_FAILURE : EXIT_BAD_FLAG);
}

/** As promtool, which takes flags between the words of a command: `test --junit=FILE rules …`. */
function groupFlagsLast(argv: readonly string[]): readonly string[] {
  const [first = ""] = argv;
  if (!COMMANDS.some(({ words }) => words[0] === first)) return argv;
  let at = 1;
  while (argv[at] !== undefined && /^--[^=]+=/.test(argv[at]!)) at++;
  const second = argv[at];
  if (at === 1 || second === undefined) return argv;
  return [first, second, ...argv.slice(1, at), ...argv.slice(at + 1)];
}

function exit(code: number): CommandOutcome {
  return { kind: "exit", code };
}

function startServer(argv: readonly string[], ports: CommandPorts): CommandOutcome {
  const parsed = parseServerArguments(argv);
  switch (parsed.kind) {
    case "run":
      return { kind: "server", arguments: parsed };
    case "help":
      ports.out(serverHelpText());
      return exit(0);
    case "version":
      ports.out(versionText("narthex", ports.build) + "\n");
      return exit(0);
    case "refused":
      ports.err(`Error parsing command line arguments: ${parsed.message}\n`);
      if (parsed.exitCode === EXIT_BAD_FLAG) ports.err("Try narthex --help\n");
      return exit(parsed.exitCode);
  }
}

async function runSubcommand(
  command: Command,
  argv: readonly string[],
  ports: CommandPorts,
): Promise<number> {
  const end = argv.indexOf("--");
  const flags = end < 0 ? argv : argv.slice(0, end);
  if (flags.includes("--help") || flags.includes("-h")) {
    ports.out(commandHelpText(command));
    return 0;
  }
  try {
    return await command.run(readArguments(argv, command.spec), ports);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // As promtool: what is wrong with the words of a command is exit code 1.
    ports.err(`narthex: error: ${messageOf(error)}, try --help\n`);
    return 1;
  }
}

async function checkConfig(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  if (args.positional.length === 0) {
    throw new UserError("bad_data", "required argument 'config-files' not provided");
  }
  const lint = args.values.get("lint")?.at(-1) ?? "duplicate-rules";
  const unknown = lint.split(",").find((name) => !LINTS.includes(name));
  if (unknown !== undefined) {
    throw new UserError("bad_data", `--lint: expected one of ${LINTS.join(", ")}, got "${unknown}"`);
  }
  return await ports.checkConfig(args.positional, {
    syntaxOnly: args.booleans.has("syntax-only"),
    agent: args.booleans.has("agent"),
    lint,
    lintFatal: args.booleans.has("lint-fatal"),
    ignoreUnknownFields: args.booleans.has("ignore-unknown-fields"),
    parse: featuresOf(args, ports).parse,
  });
}

function help(words: readonly string[], ports: CommandPorts): number {
  const found = COMMANDS.filter((command) => words.every((word, i) => command.words[i] === word));
  if (words.length === 0) ports.out(serverHelpText());
  else if (found.length === 0) {
    ports.err(`narthex: error: unknown command "${words.join(" ")}", try --help\n`);
    return EXIT_FAILURE;
  } else ports.out(found.map(commandHelpText).join("\n"));
  return 0;
}

function commandHelpText({ usage, summary, flagHelp }: Command): string {
  const rows = [["-h, --help", "Show context-sensitive help."] as const, ...flagHelp];
  return [
    `usage: narthex ${usage}`,
    "",
    summary,
    "",
    "Flags:",
    ...rows.map(([flag, text]) => helpRow(flag, text)),
    "",
  ].join("\n");
}
