import { strictEqual } from "node:assert/strict";
import { parseServerArguments } from "../../lib/cli/flags.ts";
import { loadConfig } from "../../lib/config/load.ts";
import { describeRetention, retentionPolicyOf } from "../../server/retention.ts";
import { memoryFiles, noEnv } from "../config/memory_files.ts";

async function shown(flags: readonly string[], retention: string): Promise<string> {
  const args = parseServerArguments(flags);
  if (args.kind !== "run") throw new Error(args.kind);
  const text = `storage: { tsdb: { retention: ${retention} } }`;
  const config = await loadConfig("/p.yml", memoryFiles({ "/p.yml": text }), noEnv);
  strictEqual(config.inactive.length, 0);
  return describeRetention(retentionPolicyOf(args.flags, config), config.narthex);
}

Deno.test("retention is 15 days only where nothing says how long or how much", async () => {
  strictEqual(await shown([], "{}"), "15d");
  strictEqual(await shown(["--storage.tsdb.retention.time=2d"], "{}"), "2d");
  strictEqual(await shown(["--storage.tsdb.retention.size=512MB"], "{}"), "512MiB");
  strictEqual(await shown([], "{ percentage: 20 }"), "20%");
});

Deno.test("the configuration goes before the flags, and a percentage before a size", async () => {
  const flags = ["--storage.tsdb.retention.time=2d", "--storage.tsdb.retention.size=512MB"];
  strictEqual(await shown(flags, "{}"), "2d or 512MiB");
  strictEqual(await shown(flags, "{ time: 30d, size: 1GB }"), "30d or 1GiB");
  strictEqual(await shown(flags, "{ size: 1GB, percentage: 50 }"), "2d or 50%");
});

Deno.test("rules of the Narthex file are shown behind", () => {
  const policy = { keepMs: 864e5, bytesMax: 0, diskPercentMax: 0, rules: [], rollups: [] };
  const narthex = {
    retention: [{ selector: '{job="dev"}', matchers: [], keepMs: 3 * 864e5 }],
    rollups: [{ selector: "", matchers: [], afterMs: 7 * 864e5, intervalMs: 300_000 }],
  };
  strictEqual(describeRetention(policy, narthex), '1d; {job="dev"} 3d; all rolled up to 5m after 1w');
});
