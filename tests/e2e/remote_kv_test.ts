import assert from "node:assert/strict";
import { startFleet, writeUntil } from "./crash_fleet.ts";
import { eventually, freePort, query, startDenokv, type Started, startNarthex } from "./processes.ts";

const TARGETS = 4;
const SERIES = 20;

Deno.test("the data may lie behind a URL: one writer, readers beside it, and a store that goes away and comes back", async (test) => {
  const port = freePort();
  const directory = await Deno.makeTempDir();
  const first = await startDenokv({ sqlitePath: `${directory}/store.db`, port });
  if (first === undefined) {
    console.log("skipped: no denokv (cargo install denokv --locked, then DENOKV=/path/to/denokv)");
    await Deno.remove(directory, { recursive: true });
    return;
  }
  let store = first;
  try {
    await using fleet = startFleet({ targetsCount: TARGETS, seriesCount: SERIES });
    const configPath = `${directory}/prometheus.yml`;
    const targets = fleet.targets.map((target) =>
      `      - targets: ["127.0.0.1:${fleet.port}"]\n        labels: { instance: ${target}, __metrics_path__: /${target} }\n`
    ).join("");
    await Deno.writeTextFile(
      configPath,
      "global:\n  scrape_interval: 500ms\n  scrape_timeout: 500ms\n" +
        `scrape_configs:\n  - job_name: load\n    static_configs:\n${targets}`,
    );
    const shared = {
      dataPath: `${directory}/none`,
      configPath,
      env: { DENO_KV_ACCESS_TOKEN: store.token },
    };
    const url = `--storage.kv.url=http://127.0.0.1:${port}`;
    // Windows hold half a minute of scrapes here: what looks back further needs pages.
    const lookback = "--query.lookback-delta=10s";
    const flags = [url, lookback, "--web.enable-remote-write-receiver"];
    await using writer = await startNarthex({ ...shared, flags });
    const stop = new AbortController();
    const writing = writeUntil({ url: writer.url, firstValue: 0, signal: stop.signal });
    await eventually("scrapes are kept", () => count(writer), (n) => n === TARGETS * SERIES);

    await test.step("nothing is written beside it", async () => {
      await assert.rejects(Deno.stat(shared.dataPath), Deno.errors.NotFound);
    });

    await test.step("a second writer is refused, and told who holds the data", async () => {
      await assert.rejects(startNarthex({ ...shared, flags }), /The data at http.* is in use by pid \d+ on /);
    });

    await using reader = await startNarthex({ ...shared, flags: [url, lookback, "--narthex.read-only"] });
    await test.step("a reader sees what is written, some seconds later, and takes nothing", async () => {
      const newest = async (from: Started) =>
        Number((await query(from, "max(timestamp(load))"))[0]?.value?.[1] ?? 0);
      const nowS = Date.now() / 1000;
      await eventually("the tail of the journal", () => newest(reader), (at) => at > nowS);
      const response = await fetch(`${reader.url}/api/v1/write`, { method: "POST", body: "" });
      assert.equal(response.status, 404);
      await response.body?.cancel();
      assert.deepEqual(await query(reader, "up{job!='load'}"), []);
    });

    await test.step("while the store is away, what is in memory is answered; then all goes on by itself", async () => {
      await store.kill("SIGKILL");
      const downS = Date.now() / 1000;
      await eventually(
        "scrapes go on, and are seen once no page is asked for that nobody had read before",
        () => query(writer, "max(timestamp(load))").then(([one]) => Number(one?.value?.[1]), () => NaN),
        (at) => at > downS,
        60_000,
      );
      await eventually(
        "the metrics say so",
        () => metric(writer, "narthex_storage_commit_timeouts_total"),
        (n) => n > 0,
        60_000,
      );
      const old = await fetch(
        `${writer.url}/api/v1/query?query=${encodeURIComponent("count_over_time(load[10m])")}`,
      );
      const { error } = await old.json();
      assert.match(String(error), /the store did not answer a read within 10s/);
      assert.equal(old.status, 503);
      store = (await startDenokv({ sqlitePath: `${directory}/store.db`, port, token: store.token }))!;
      const upMs = Date.now();
      await eventually("commits go on", () => metric(writer, "narthex_storage_commits_total"), (n) => n > 0);
      const backS = upMs / 1000;
      await eventually(
        "the reader sees what came after",
        async () => Number((await query(reader, "max(timestamp(load))"))[0]?.value?.[1] ?? 0),
        (at) => at > backS,
        60_000,
      );
      const missed = await query(reader, `count_over_time(load[${Math.ceil(Date.now() / 1000 - downS)}s])`);
      assert.ok(missed.length === TARGETS * SERIES);
      console.log(`samples a series since the store went: ${missed[0]!.value![1]}`);
    });
    stop.abort();
    const { confirmed } = await writing;
    assert.ok(confirmed.length > 50, `${confirmed.length} writes were confirmed`);
    await test.step("what was confirmed is there for a reader, once", async () => {
      const missing = async () => {
        const found = await query(reader, "written[10m]");
        const times = new Map(found.map(({ metric, values }) => [
          `${metric["instance"]}/${metric["series"]}`,
          new Map(values!.map(([tS, value]) => [Math.round(tS * 1000), Number(value)])),
        ]));
        return confirmed.filter(({ labels, tMs, value }) =>
          times.get(`${labels["instance"]}/${labels["series"]}`)?.get(tMs) !== value
        );
      };
      await eventually("all that was confirmed", missing, (lost) => lost.length === 0, 10_000);
    });
    await test.step("a writer that ended leaves the data to the next at once", async () => {
      await writer.kill("SIGTERM");
      const startMs = Date.now();
      await using next = await startNarthex({ ...shared, flags });
      assert.ok(Date.now() - startMs < 12_000, "it did not wait for a lease");
      assert.equal(await count(next), TARGETS * SERIES);
    });
  } finally {
    await store.kill("SIGKILL");
    await Deno.remove(directory, { recursive: true });
  }
});

async function count(from: Started): Promise<number> {
  return (await query(from, "last_over_time(load[10m])")).length;
}

async function metric(from: Started, name: string): Promise<number> {
  const text = await (await fetch(`${from.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1] ?? NaN);
}
