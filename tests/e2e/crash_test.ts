import assert from "node:assert/strict";
import { runKills } from "./crash_run.ts";

const KILLS = 10;
const SEED = 20_261;

Deno.test("kill -9 loses no sample that an answer has shown, no remote write that was confirmed, and no scrape but the last", async () => {
  const counted = await runKills({ kills: KILLS, seed: SEED });
  console.log(`outlived ${KILLS} kills: ${JSON.stringify(counted)}`);
  assert.ok(counted.confirmed > 100, `remote writes were confirmed, got ${counted.confirmed}`);
  assert.ok(counted.scrapes > 100, `scrapes were kept, got ${counted.scrapes}`);
});
