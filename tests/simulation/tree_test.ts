/** The smoke simulation: the real actor tree in a simulated world. `tools/simulate.ts SEED` runs one seed alone. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runSeed } from "./run_seed.ts";

const SEEDS = 20;
const DURATION_MS = 4 * 60_000;

Deno.test(`the tree keeps what it promises in ${SEEDS} worlds with faults and crashes`, async () => {
  const total = { rows: 0, samples: 0, markers: 0, schedule: 0, ends: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { problems, trace, counted } = await runSeed({ seed, durationMs: DURATION_MS });
    deepStrictEqual(problems.slice(0, 10), [], `seed ${seed}\n${trace.slice(-20).join("\n")}`);
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counted[key];
  }
  // A checker that looks at nothing finds nothing.
  ok(total.rows > 10_000 && total.samples > 50_000, JSON.stringify(total));
  ok(total.markers > 500 && total.schedule > 5_000 && total.ends > 10, JSON.stringify(total));
});

Deno.test("equal seeds give equal traces of the whole tree", async () => {
  const [first, second] = [
    await runSeed({ seed: 7, durationMs: 60_000 }),
    await runSeed({ seed: 7, durationMs: 60_000 }),
  ];
  strictEqual(first.trace.join("\n"), second.trace.join("\n"));
  ok(first.trace.length > 1_000);
});
