/**
 * What is wrong with a configuration file, each thing with its place. All problems that can be found in one pass are
 * kept, in the order of the file, and thrown together as one `ConfigError`.
 */
import { UserError } from "../core/errors.ts";

/** Enough to mend a file in one go; a file with more is broken in one place that repeats. */
export const PROBLEMS_MAX = 50;

export interface ConfigProblem {
  readonly file: string;
  /** From 1; 0 where the problem has no place in the text. */
  readonly line: number;
  readonly column: number;
  /** `scrape_configs[0].scrape_interval`; "" for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export class ConfigError extends UserError {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly ConfigProblem[]) {
    super("bad_data", problems.map(formatProblem).join("\n"));
  }
}

/** `FILE:LINE:COL: path.to.field: what is wrong`. */
export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === ""
    ? `${place}: ${problem.message}`
    : `${place}: ${problem.path}: ${problem.message}`;
}
