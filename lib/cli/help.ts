/** The texts of `--help` and `--version`, laid out as Prometheus's are. */
import type { FlagSpec, FlagTable } from "./flag_types.ts";
import { SERVER_FLAGS } from "./flags.ts";

const WIDTH = 80;
const TEXT_COLUMN = 33;

export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  /** Where Prometheus names its Go version: the runtime's name and version. */
  readonly goVersion: string;
  /** `linux/amd64` */
  readonly platform: string;
}

/** As Prometheus's `--version`, several lines, no newline at the end. */
export function versionText(program: string, build: BuildInfo): string {
  return [
    `${program}, version ${build.version} (branch: ${build.branch}, revision: ${build.revision})`,
    `  build user:       ${build.buildUser}`,
    `  build date:       ${build.buildDate}`,
    `  go version:       ${build.goVersion}`,
    `  platform:         ${build.platform}`,
  ].join("\n");
}

export function serverHelpText(): string {
  const table: FlagTable = SERVER_FLAGS;
  const rows = [
    helpRow("-h, --help", "Show context-sensitive help."),
    helpRow("    --version", "Show application version."),
    ...Object.entries(table)
      .filter(([, spec]) => spec.hidden !== true)
      .map(([name, spec]) => helpRow(`    ${flagText(name, spec)}`, flagHelp(spec))),
  ];
  return [
    "usage: narthex [<flags>]",
    "       narthex <command> [<args> ...]",
    "",
    "The Narthex monitoring server",
    "",
    "Commands:",
    "  check config <config-files>...     Check if the config files are valid or not.",
    "  check rules [<rule-files>...]      Check if the rule files are valid or not.",
    "  test rules <test-rule-file>...     Unit tests for rules.",
    "  query instant <server> <expr>      Run an instant query.",
    "  query range <server> <expr>        Run a range query.",
    "  help [<command>...]                Show help.",
    "",
    "Flags:",
    ...rows,
    "",
  ].join("\n");
}

function flagText(name: string, spec: FlagSpec): string {
  if (spec.kind === "bool") return spec.default === "true" ? `--[no-]${name}` : `--${name}`;
  const more = spec.repeatable === true ? " ..." : "";
  if (spec.placeholder !== undefined) return `--${name}=${spec.placeholder}${more}`;
  if (spec.default === undefined) return `--${name}=<${spec.kind}>${more}`;
  const quoted = spec.kind === "text" || spec.kind === "address" || spec.kind === "regex";
  return `--${name}=${quoted ? JSON.stringify(spec.default) : spec.default}${more}`;
}

function flagHelp(spec: FlagSpec): string {
  return [
    spec.help,
    spec.choices === undefined ? "" : `One of: [${spec.choices.join(", ")}].`,
    spec.mode === undefined ? "" : `Use with ${spec.mode} mode only.`,
    spec.ignored ?? "",
    spec.refused === undefined ? "" : `Refused: ${spec.refused}.`,
  ].filter((part) => part !== "").join(" ");
}

/** A flag and its help in two columns; a long flag takes a line of its own. */
export function helpRow(flag: string, help: string): string {
  const lines = wrap(help, WIDTH - TEXT_COLUMN);
  const indent = " ".repeat(TEXT_COLUMN);
  const head = `  ${flag}`;
  if (head.length > TEXT_COLUMN - 2) return [head, ...lines.map((line) => indent + line)].join("\n");
  const [first = "", ...rest] = lines;
  return [head.padEnd(TEXT_COLUMN) + first, ...rest.map((line) => indent + line)].join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines;
}
