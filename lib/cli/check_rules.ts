/** `check rules`: each file, or standard input, checked and linted; prints as promtool does. */
import { assertNever } from "../core/assert.ts";
import type { Files } from "../core/ports.ts";
import { reportRuleFile, type RuleFileReport, type RuleReportOptions } from "./rule_file_report.ts";

export interface CheckRulesOptions extends RuleReportOptions {
  readonly lintFatal: boolean;
}

export interface CheckRulesPorts {
  readonly files: Pick<Files, "readText">;
  readStdin(): Promise<string>;
  out(text: string): void;
  err(text: string): void;
}

const EXIT_FAILURE = 1;
const EXIT_LINT = 3;

/** 0 when all is right, 1 when a file is wrong, 3 when only the lint complains and `lintFatal` is set. */
export async function checkRules(
  paths: readonly string[],
  options: CheckRulesOptions,
  ports: CheckRulesPorts,
): Promise<number> {
  const kinds: RuleFileReport["kind"][] = [];
  if (paths.length === 0) {
    ports.out("Checking standard input\n");
    kinds.push(tell(reportRuleFile(await ports.readStdin(), "", options), ports));
  }
  for (const path of paths) {
    ports.out(`Checking ${path}\n`);
    kinds.push(tell(reportRuleFile(await ports.files.readText(path), path, options), ports));
  }
  if (kinds.includes("wrong")) return EXIT_FAILURE;
  return kinds.includes("linted") && options.lintFatal ? EXIT_LINT : 0;
}

function tell(report: RuleFileReport, { out, err }: CheckRulesPorts): RuleFileReport["kind"] {
  switch (report.kind) {
    case "right":
      out(`  SUCCESS: ${report.rulesCount} rules found\n`);
      break;
    case "linted":
      err(`  FAILED:\n${report.message}\n`);
      break;
    case "wrong":
      err(`  FAILED:\n${report.messages.map((message) => `${message}\n`).join("")}`);
      break;
    default:
      assertNever(report);
  }
  out("\n");
  return report.kind;
}
