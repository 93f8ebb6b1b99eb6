/** What the commands for rule files are run with: real files, nothing written, or nothing at all. */
import { type CommandPorts, runCommand } from "../../lib/cli/commands.ts";
import { checkConfig } from "../../lib/cli/check_config.ts";
import type { RulePorts } from "../../lib/cli/rule_commands.ts";
import type { Files } from "../../lib/core/ports.ts";
import { NO_TSDB } from "./no_tsdb.ts";

const refuse = () => Promise.reject(new Error("no rules in this test"));

export const NO_RULES: RulePorts = {
  files: { readText: refuse, stat: refuse, list: refuse },
  readStdin: refuse,
  writeText: refuse,
  monotonicMs: () => 0,
  yieldToLoop: refuse,
};

export interface RanCommand {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Files that it wrote. */
  readonly written: ReadonlyMap<string, string>;
}

/** Runs a command line over `files`. */
export async function runRules(argv: readonly string[], files: Files, stdin = ""): Promise<RanCommand> {
  let out = "";
  let err = "";
  const written = new Map<string, string>();
  const told = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const ports: CommandPorts = {
    ...told,
    fetchJson: () => Promise.reject(new Error("no network in this test")),
    nowMs: () => 1_700_000_000_000,
    checkConfig: (paths, options) => checkConfig(paths, options, files, told),
    rules: {
      files,
      readStdin: () => Promise.resolve(stdin),
      writeText: (path, text) => {
        written.set(path, text);
        return Promise.resolve();
      },
      monotonicMs: () => 0,
      yieldToLoop: () => Promise.resolve(),
    },
    tsdb: NO_TSDB,
    build: {
      version: "",
      revision: "",
      branch: "",
      buildUser: "",
      buildDate: "",
      goVersion: "",
      platform: "",
    },
  };
  const outcome = await runCommand(argv, ports);
  if (outcome.kind !== "exit") throw new Error("expected a command, got the server");
  return { code: outcome.code, out, err, written };
}
