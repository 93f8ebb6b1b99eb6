/**
 * Runs the actor tree in simulated worlds: `deno run -A tools/simulate.ts [SEED] [--seeds N] [--minutes M]`. One seed
 * prints what it checked, and the end of its trace when something is wrong; N seeds begin at SEED. With `--storage` it is
 * the storage shard alone, over a store that stalls, fails and answers late or never. Ends with 1 when a seed fails,
 * which with the commit is all that is needed to see it again.
 */
import { parseArgs } from "node:util";
import { runStorageSeed } from "../tests/simulation/storage_seed.ts";
import { runSeed } from "../tests/simulation/run_seed.ts";

const TRACE_TAIL_LINES = 60;
const PROBLEMS_SHOWN_MAX = 20;

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "1" },
    storage: { type: "boolean", default: false },
    minutes: { type: "string", default: "4" },
  },
});
const first = integerOf("SEED", positionals[0] ?? "1");
const count = integerOf("--seeds", values.seeds);
const minutes = integerOf("--minutes", values.minutes);

const failed: number[] = [];
for (let seed = first; seed < first + count; seed++) {
  const { problems, trace, counted } = values.storage
    ? { ...await runStorageSeed(seed), trace: [] }
    : await runSeed({ seed, durationMs: minutes * 60_000 });
  if (problems.length === 0) {
    console.log(`seed ${seed}: ok ${JSON.stringify(counted)}`);
    continue;
  }
  failed.push(seed);
  console.log(`seed ${seed}: ${problems.length} problems`);
  for (const problem of problems.slice(0, PROBLEMS_SHOWN_MAX)) console.log(`  ${problem}`);
  if (count === 1) { for (const line of trace.slice(-TRACE_TAIL_LINES)) console.log(`    ${line}`); }
}
if (count > 1) console.log(`${count - failed.length} passed, ${failed.length} failed: ${failed.join(" ")}`);
if (failed.length > 0) Deno.exit(1);

function integerOf(what: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`Cannot simulate: ${what} must be a whole number, got ${JSON.stringify(text)}`);
  Deno.exit(2);
}
