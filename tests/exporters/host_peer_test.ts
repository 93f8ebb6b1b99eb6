/** Beside the real node_exporter on this machine: the same series, and values that are close. Real I/O. */
import assert, { deepStrictEqual } from "node:assert/strict";
import { createHostExporter, hostCollectors } from "../../lib/exporters/host/exporter.ts";
import { hostFiles } from "../../lib/sys/host_files.ts";

const PROGRAMS = [
  "/usr/bin/prometheus-node-exporter",
  "/usr/local/bin/node_exporter",
  "/usr/bin/node_exporter",
];
const program = PROGRAMS.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});
const required = Deno.env.get("NARTHEX_REQUIRE_PEERS") === "1";
const missing = program === undefined && !required;

/** Upstream's defaults where a distribution has its own. */
const FLAGS = [
  "--collector.disable-defaults",
  "--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$",
  "--collector.netdev.device-exclude=^$",
  "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
  "--web.listen-address=127.0.0.1:0",
];

/** Newer than the version that distributions carry, or of the exporter itself. */
const NOT_COMPARED =
  /^(go_|process_|promhttp_|node_exporter_build_info|node_scrape_collector_|node_disk_info)|TCPOFOQueue|TCPRcvQDrop/;
/** Two readings a moment apart: gauges that jump. */
const JUMPS =
  /^node_(load|procs_|sockstat|filefd|disk_io_now|netstat_Tcp_CurrEstab|entropy|memory|pressure|schedstat)/;

function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#") || NOT_COMPARED.test(line)) continue;
    const space = line.lastIndexOf(" ");
    samples.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return samples;
}

/** `# TYPE` and `# HELP` lines of the families that both have. */
function headers(text: string): string[] {
  return text.split("\n").filter((line) =>
    line.startsWith("#") && !NOT_COMPARED.test(line.split(" ")[2] ?? "")
  );
}

/** The port from the exporter's own log: it was started on port 0. */
async function listeningPort(stderr: ReadableStream<Uint8Array>): Promise<number> {
  let log = "";
  for await (const chunk of stderr.values({ preventCancel: true })) {
    log += new TextDecoder().decode(chunk);
    const match = /(?:address=|127\.0\.0\.1:)(?:127\.0\.0\.1:)?([1-9][0-9]*)/.exec(log);
    if (match !== null) return Number(match[1]);
  }
  throw new Error(`node_exporter ended:\n${log}`);
}

Deno.test({
  name: `the host exporter answers as node_exporter does${missing ? " (skipped: no node_exporter)" : ""}`,
  ignore: missing || Deno.build.os !== "linux",
  fn: async () => {
    assert(program !== undefined, `node_exporter is required, none of ${PROGRAMS.join(", ")} exists`);
    const collectors = hostCollectors().map(({ name }) => `--collector.${name}`);
    const child = new Deno.Command(program, {
      args: [...FLAGS, ...collectors],
      stdout: "null",
      stderr: "piped",
    })
      .spawn();
    try {
      const port = await listeningPort(child.stderr);
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      const theirText = await response.text();
      const ourText = new TextDecoder().decode(await createHostExporter(hostFiles()).collect());
      const theirs = parse(theirText);
      const ours = parse(ourText);
      deepStrictEqual([...ours.keys()].sort(), [...theirs.keys()].sort());
      deepStrictEqual(headers(ourText), headers(theirText));
      for (const [series, value] of ours) {
        if (JUMPS.test(series)) continue;
        const other = theirs.get(series)!;
        const room = Math.max(5, Math.abs(other) * 0.05);
        assert(Math.abs(value - other) <= room, `${series}: ${value}, node_exporter says ${other}`);
      }
    } finally {
      child.kill("SIGTERM");
      await child.stderr.cancel();
      await child.status;
    }
  },
});
