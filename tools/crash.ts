/**
 * The long crash test: `deno task crash [--kills N] [--seed S]` kills a server N times at random moments under load and
 * looks each time whether everything is there. Ends with 1 when something is missing. Half a minute for each four kills.
 */
import { parseArgs } from "node:util";
import { messageOf } from "../lib/core/errors.ts";
import { runKills } from "../tests/e2e/crash_run.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
const kills = integerOf("--kills", values.kills);
const seed = integerOf("--seed", values.seed);
try {
  const counted = await runKills({ kills, seed, told: (line) => console.log(line) });
  console.log(`${kills} kills outlived: ${JSON.stringify(counted)}`);
} catch (error) {
  console.error(`Something is wrong (seed ${seed}): ${messageOf(error)}`);
  Deno.exit(1);
}

function integerOf(what: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  console.error(`Cannot run: ${what} must be a whole number from 1 on, got ${JSON.stringify(text)}`);
  Deno.exit(2);
}
