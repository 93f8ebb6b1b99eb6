import assert from "node:assert/strict";
import { runStorageSeed } from "./storage_seed.ts";

const SEEDS = 20;

Deno.test("over a store that stalls, fails and answers late, out of order or never, and through crashes, what storage promised is there once", async () => {
  const total = { confirmed: 0, crashes: 0, seals: 0, timeouts: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { problems, counted } = await runStorageSeed(seed);
    assert.deepEqual(problems, [], `seed ${seed}`);
    for (const key of ["confirmed", "crashes", "seals", "timeouts"] as const) total[key] += counted[key];
  }
  for (const [what, count] of Object.entries(total)) assert.ok(count > SEEDS, `${what}: ${count}`);
});

Deno.test("a seed gives the same run each time", async () => {
  assert.deepEqual(await runStorageSeed(77, 40), await runStorageSeed(77, 40));
});
