import assert from "node:assert/strict";
import { startFleet } from "./crash_fleet.ts";
import { eventually, query, type Started, startNarthex } from "./processes.ts";

const TARGETS = 10;
const SERIES = 400;
const SMALL = "24m";
const LARGE = "256m";

Deno.test("a full disk stops ingest and nothing else, and ingest goes on by itself when there is room", async () => {
  const directory = await Deno.makeTempDir();
  const disk = `${directory}/disk`;
  await Deno.mkdir(disk);
  if (!await run("mount", "-t", "tmpfs", "-o", `size=${SMALL}`, "tmpfs", disk)) {
    console.log("skipped: a file system of its own cannot be mounted here (needs root)");
    await Deno.remove(directory, { recursive: true });
    return;
  }
  try {
    await using fleet = startFleet({ targetsCount: TARGETS, seriesCount: SERIES });
    const configPath = `${directory}/prometheus.yml`;
    const targets = fleet.targets.map((target) =>
      `      - targets: ["127.0.0.1:${fleet.port}"]\n        labels: { instance: ${target}, __metrics_path__: /${target} }\n`
    ).join("");
    await Deno.writeTextFile(
      configPath,
      "global:\n  scrape_interval: 250ms\n  scrape_timeout: 250ms\n" +
        `scrape_configs:\n  - job_name: load\n    static_configs:\n${targets}`,
    );
    await using narthex = await startNarthex({ dataPath: `${disk}/data`, configPath });
    await eventually("scrapes are kept", () => count(narthex), (n) => n === TARGETS * SERIES);
    await Deno.writeFile(`${disk}/filler`, new Uint8Array(64 * 1024 * 1024)).catch(() => {});
    const failures = "narthex_storage_commit_failures_total";
    await eventually("commits fail", () => metric(narthex, failures), (n) => n > 2, 60_000);
    const lines = () => narthex.log().split("\n").filter((line) => line.includes("does not take commits"));
    assert.equal(lines().length, 1, narthex.log());
    assert.match(lines()[0]!, /full/);
    const newest = () => query(narthex, "max(timestamp(load))").then(([one]) => Number(one!.value![1]));
    const duringS = Date.now() / 1000;
    await eventually("queries go on, and see what is scraped meanwhile", newest, (at) => at > duringS);
    const health = await query(narthex, "sum(up)");
    assert.equal(health[0]?.value?.[1], String(TARGETS), "targets stay up");

    assert.ok(await run("mount", "-o", `remount,size=${LARGE}`, disk));
    const failed = await eventually(
      "commits go on",
      async () => [await metric(narthex, failures), await metric(narthex, "narthex_storage_unflushed_bytes")],
      ([, bytes]) => bytes! < 1_000_000,
    );
    await eventually(
      "the log says so",
      () => Promise.resolve(narthex.log()),
      (log) => log.includes("takes commits again"),
    );
    assert.ok(failed[0]! > 2);
    // What came while the disk was full was held back, and is on it now: a kill loses nothing of it.
    const before = await query(narthex, "count_over_time(load[5m])");
    await narthex.kill("SIGKILL");
    await using again = await startNarthex({ dataPath: `${disk}/data`, configPath });
    const after = new Map(
      (await query(again, "count_over_time(load[5m])")).map(({ metric, value }) => [
        JSON.stringify(metric),
        Number(value![1]),
      ]),
    );
    for (const { metric, value } of before) {
      assert.ok(after.get(JSON.stringify(metric))! >= Number(value![1]), JSON.stringify(metric));
    }
  } finally {
    assert.ok(await run("umount", "-l", disk));
    await Deno.remove(directory, { recursive: true });
  }
});

async function run(command: string, ...args: readonly string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: [...args], stderr: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function count(from: Started): Promise<number> {
  return (await query(from, "load")).length;
}

async function metric(from: Started, name: string): Promise<number> {
  const text = await (await fetch(`${from.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1] ?? NaN);
}
