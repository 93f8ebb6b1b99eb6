import assert from "node:assert/strict";
import { query, type Started, startNarthex } from "./processes.ts";

async function metric(server: Started, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

async function shown(server: Started): Promise<string> {
  return (await (await fetch(`${server.url}/api/v1/status/runtimeinfo`)).json()).data.storageRetention;
}

async function reload(server: Started): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`${server.url}/-/reload`, { method: "POST" });
  return { status: response.status, body: await response.text() };
}

Deno.test("retention follows the configuration and the Narthex file at each reload, and a wrong file changes nothing", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const configPath = `${directory}/prometheus.yml`;
    const narthexPath = `${directory}/narthex.yml`;
    const write = (retention: string) =>
      Deno.writeTextFile(configPath, `storage: { tsdb: { retention: ${retention} } }\n`);
    await write("{ time: 3d }");
    await Deno.writeTextFile(narthexPath, `narthex: { retention: [{ matcher: up, keep: 1y }] }\n`);
    await using server = await startNarthex({
      dataPath: `${directory}/data`,
      configPath,
      flags: [
        `--narthex.config=${narthexPath}`,
        "--storage.tsdb.retention.time=9d",
        "--web.enable-lifecycle",
      ],
    });
    assert.equal(await shown(server), "3d; up 1y");
    assert.equal(await metric(server, "prometheus_tsdb_retention_limit_seconds"), 3 * 86_400);

    await write("{ size: 10GB, percentage: 50 }");
    await Deno.writeTextFile(narthexPath, "narthex: { rollups: [{ after: 7d }] }\n");
    assert.equal((await reload(server)).status, 200);
    assert.equal(await shown(server), "9d or 50%; all rolled up to 5m after 1w");
    assert.equal(await metric(server, "prometheus_tsdb_retention_limit_percentage"), 50);
    const yaml = (await (await fetch(`${server.url}/api/v1/status/config`)).json()).data.yaml;
    assert(yaml.includes("percentage: 50") && !yaml.includes("rollups"), yaml);

    await Deno.writeTextFile(narthexPath, "narthex:\n  rollups:\n    - after: soon\n");
    const refused = await reload(server);
    assert.equal(refused.status, 500);
    assert.match(refused.body, /narthex\.yml:3:14: narthex\.rollups\[0\]\.after: expected a duration/);
    assert.equal(await shown(server), "9d or 50%; all rolled up to 5m after 1w");
    assert.deepEqual(await query(server, "up", Date.now() / 1000), []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
