/**
 * Asks Narthex and the installed Prometheus the same random queries about the same series, and prints where their
 * answers part: `deno run -A bench/differential.ts [--queries 20000] [--seed 1] [--all]`. With `--all` known
 * differences are printed too. Ends with 1 if any difference is not a known one.
 */
import { describe, runDifferential, summaryText } from "../tests/promql/differential/run.ts";
import { withServers } from "../tests/promql/differential/servers.ts";

const FLAGS: Readonly<Record<string, number>> = { "--queries": 20_000, "--seed": 1 };

function numberFlag(name: string): number {
  const at = Deno.args.indexOf(name);
  if (at < 0) return FLAGS[name]!;
  const value = Number(Deno.args[at + 1]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`${name} takes a whole number, got ${JSON.stringify(Deno.args[at + 1] ?? "")}`);
  Deno.exit(2);
}

const queries = numberFlag("--queries");
const seed = numberFlag("--seed");
const printsAll = Deno.args.includes("--all");
const summary = await withServers(seed, (pair) =>
  runDifferential(pair, {
    seed,
    queries,
    onDifference: (difference) => {
      if (printsAll || difference.explanation.rule === undefined) console.log(describe(difference));
    },
  }));
console.log(summaryText(summary));
Deno.exit(summary.unexplained.length === 0 ? 0 : 1);
