import assert from "node:assert/strict";
import { eventually, query, startNarthex } from "./processes.ts";

Deno.test("without a configuration every default target is up within 30 s, and the page is there", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await using narthex = await startNarthex({ dataPath: `${directory}/data`, cwd: directory });
    const up = await eventually("up", () => query(narthex, "up"), (series) => series.length >= 2);
    assert.deepEqual(up.map(({ metric, value }) => [metric["job"], value![1]]).sort(), [["host", "1"], [
      "narthex",
      "1",
    ]]);
    const page = await fetch(`${narthex.url}/query`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<script/);
    const cpu = await query(narthex, "count(node_cpu_seconds_total)");
    assert.ok(Number(cpu[0]!.value![1]) >= 8, "the host exporter tells the modes of each CPU");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a second process on the same data refuses to start and says who holds it", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await using narthex = await startNarthex({ dataPath: `${directory}/data`, cwd: directory });
    await assert.rejects(
      startNarthex({ dataPath: `${directory}/data`, cwd: directory }),
      new RegExp(`in use by pid ${narthex.pid} on `),
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a configuration that does not load ends the process with 2 and says where the mistake is", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/bad.yml`, "global:\n  scrape_intervall: 5s\n");
    const root = new URL("../..", import.meta.url).pathname;
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        `--config=${root}deno.json`,
        `${root}main.ts`,
        "--config.file=bad.yml",
        "--web.listen-address=127.0.0.1:0",
        `--storage.tsdb.path=${directory}/data`,
      ],
      cwd: directory,
    }).output();
    assert.equal(code, 2);
    const text = new TextDecoder().decode(stderr);
    assert.match(text, /bad\.yml:2:3/);
    assert.match(text, /scrape_intervall/);
    assert.match(text, /scrape_interval\b/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a reload that fails changes nothing, and one that succeeds adds its target", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const configPath = `${directory}/prometheus.yml`;
    const configOf = (jobs: string, port: number) =>
      `global:\n  scrape_interval: 1s\nscrape_configs:\n${
        jobs.split(",").map((job) =>
          `  - job_name: ${job}\n    static_configs:\n      - targets: ["127.0.0.1:${port}"]\n`
        ).join("")
      }`;
    await Deno.writeTextFile(configPath, configOf("one", 1));
    await using narthex = await startNarthex({
      dataPath: `${directory}/data`,
      configPath,
      flags: ["--web.enable-lifecycle"],
    });
    await Deno.writeTextFile(configPath, "scrape_configs: 7\n");
    const refused = await fetch(`${narthex.url}/-/reload`, { method: "POST" });
    assert.equal(refused.status, 500);
    assert.match(await refused.text(), /failed to reload config:.*scrape_configs/s);
    await Deno.writeTextFile(configPath, configOf("one,two", narthex.port));
    const taken = await fetch(`${narthex.url}/-/reload`, { method: "POST" });
    assert.equal(taken.status, 200, await taken.text());
    const up = await eventually(
      "up of both jobs",
      () => query(narthex, "up == 1"),
      (series) => series.length === 2,
    );
    assert.deepEqual(up.map(({ metric }) => metric["job"]).sort(), ["one", "two"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
