/** Beside the real promtool, both asking a real Prometheus: the same text, the same exit code. Real I/O. */
import assert, { strictEqual } from "node:assert/strict";
import { type CommandPorts, runCommand } from "../../lib/cli/commands.ts";
import { NO_TSDB } from "./no_tsdb.ts";
import { NO_RULES } from "./rule_ports.ts";

const PROMETHEUS = "/usr/bin/prometheus";
const PROMTOOL = "/usr/bin/promtool";
const required = Deno.env.get("NARTHEX_REQUIRE_PEERS") === "1";
const missing = !required && ![PROMETHEUS, PROMTOOL].every(exists);
/** A cold start on a busy machine. */
const READY_TRIES_MAX = 100;
const READY_WAIT_MS = 200;

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function ours(argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const ports: CommandPorts = {
    fetchJson: async ({ url, method, headers, body }) => {
      const response = await fetch(url, { method, headers: new Headers(Object.fromEntries(headers)), body });
      return { status: response.status, statusText: response.statusText, body: await response.text() };
    },
    nowMs: () => Date.now(),
    out: (text) => out += text,
    err: (text) => err += text,
    rules: NO_RULES,
    tsdb: NO_TSDB,
    checkConfig: () => Promise.resolve(1),
    build: {
      version: "",
      revision: "",
      branch: "",
      buildUser: "",
      buildDate: "",
      goVersion: "",
      platform: "",
    },
  };
  const outcome = await runCommand(argv, ports);
  assert(outcome.kind === "exit");
  return { code: outcome.code, out, err };
}

async function theirs(args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(PROMTOOL, { args }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function untilReady(url: string): Promise<void> {
  for (let i = 0; i < READY_TRIES_MAX; i++) {
    const status = await fetch(`${url}/-/ready`).then(async (response) => {
      await response.body?.cancel();
      return response.status;
    }, () => 0);
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, READY_WAIT_MS));
  }
  throw new Error(`${url} did not become ready`);
}

Deno.test({
  name: `query instant and range print what promtool prints${
    missing ? " (skipped: no prometheus, promtool)" : ""
  }`,
  ignore: missing,
  fn: async () => {
    const directory = await Deno.makeTempDir({ prefix: "narthex_promtool_" });
    const address = `127.0.0.1:${freePort()}`;
    const url = `http://${address}`;
    await Deno.writeTextFile(`${directory}/prometheus.yml`, "global: {}\n");
    const server = new Deno.Command(PROMETHEUS, {
      args: [
        `--config.file=${directory}/prometheus.yml`,
        `--storage.tsdb.path=${directory}/data`,
        `--web.listen-address=${address}`,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await untilReady(url);
      const labelled =
        'label_replace(label_replace(vector(1.5e-9), "b", "x\\"y<z>", "", ""), "a", "ü\\n", "", "")';
      const time = "--time=1700000000.25";
      const range = ["--start=1700000000", "--end=1700000060", "--step=30s"];
      const table: readonly (readonly string[])[] = [
        ["instant", time, url, "vector(1)"],
        ["instant", time, url, labelled],
        ["instant", time, url, "vector(1e25) or vector(0)"],
        ["instant", time, url, "1 / 0"],
        ["instant", "--time=2023-11-14T10:00:00+01:00", url, "time()"],
        ["instant", time, url, "no_such_metric"],
        ["instant", time, url, "vector(time())[1m:20s]"],
        ["instant", "-o", "json", time, url, labelled],
        ["instant", "-o", "json", time, url, "no_such_metric"],
        ["instant", "-o", "json", time, url, "3"],
        ["instant", "--format=json", time, url, "vector(time())[1m:20s]"],
        ["instant", time, url, "sum("],
        ["instant", time, url, "vector(1) + on() group_left up{"],
        ["range", ...range, url, "time()"],
        ["range", ...range, url, 'label_replace(vector(2), "b", "1", "", "") or vector(1)'],
        ["range", "-o", "json", ...range, url, "vector(1)"],
        ["range", ...range, url, "no_such_metric"],
        ["range", "--start=5", "--end=4", url, "up"],
      ];
      for (const words of table) {
        const argv = ["query", ...words];
        const [mine, other] = [await ours(argv), await theirs(argv)];
        strictEqual(mine.out, other.out, argv.join(" "));
        strictEqual(mine.err, other.err, argv.join(" "));
        strictEqual(mine.code, other.code, argv.join(" "));
      }
    } finally {
      server.kill("SIGTERM");
      await server.status;
      await Deno.remove(directory, { recursive: true });
    }
  },
});
