/** Debian's example consoles, and some that fail, beside the real Prometheus: the same pages over the same data. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { UserError } from "../../lib/core/errors.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import type { QueryEngine } from "../../lib/promql/result.ts";
import { systemFiles } from "../../lib/sys/files.ts";
import { consoleFiles } from "../../server/console_files.ts";
import { NOW_MS, resultOf, worldOf } from "../http/fixtures.ts";
import { eventually, hasPeer, query, type Started, startPrometheus } from "./processes.ts";

const EXAMPLES = "/usr/share/doc/prometheus/examples";

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

const missing = !hasPeer("prometheus") || !isThere(`${EXAMPLES}/consoles`);

/** Constant, so that it does not matter when each side asks. */
const EXPOSITION = [
  ...["idle", "user", "system"].flatMap((mode) =>
    ["0", "1"].map((cpu) => `node_cpu_seconds_total{cpu="${cpu}",mode="${mode}"} 12.5`)
  ),
  "node_load1 0.25",
  "node_forks_total 1234567",
  "node_memory_MemTotal_bytes 8.2e+09",
  "node_memory_MemFree_bytes 2.1e+09",
  'node_network_receive_bytes_total{device="eth<0>&"} 1',
  'node_disk_io_time_seconds_total{device="sd\'a\\"+"} 5',
  'node_filesystem_size_bytes{mountpoint="/a b"} 1000',
  'node_filesystem_avail_bytes{mountpoint="/a b"} 250',
  "process_cpu_seconds_total 3",
  "process_resident_memory_bytes 123456789",
  'prometheus_build_info{version="2.<42>"} 1',
  'prometheus_http_request_duration_seconds_count{handler="/x?y&z"} 7',
  "",
].join("\n");

/** Besides the examples. */
const OWN: Readonly<Record<string, string>> = {
  "contexts.html":
    `<p title="{{ .Params.q }}" class={{ .Params.q }}>{{ .Params.q }}</p><!-- gone --><a href="/x?{{ .Params.q }}">` +
    `<a href="{{ .Params.q }}"><script>var q = {{ .Params.q }}, r = '{{ .Params.q }}', s = /{{ .Params.q }}/, n = {{ .RawParams }};</script>` +
    `<style>a { color: {{ .Params.q }} }</style><div onclick="f({{ .Params.q }})">{{ safeHtml .Params.q }}</div>`,
  "values.txt":
    "{{ range query `vector(1) or vector(NaN)` }}{{ .Value }} {{ end }}{{ $path }} {{ .ExternalLabels }}",
  "unknown.html": "\n\n  {{ nope }}",
  "query.html": "<p>\n{{ query `up +` }}",
  "open.html": "<a href='{{ .Path }}",
  "branches.html": "{{ if .Path }}<a {{ end }}>",
  "tmpl.html": "{{ tmpl `gone` . }}",
  "first.html": "{{ query `nothing` | first }}",
  "parse.html": "{{ if }}",
};

Deno.test({ name: "Debian's consoles come out as from the real Prometheus", ignore: missing }, async () => {
  const directory = await Deno.makeTempDir();
  await using target = serveConstant();
  await Deno.mkdir(`${directory}/consoles/sub`, { recursive: true });
  for (const entry of Deno.readDirSync(`${EXAMPLES}/consoles`)) {
    await Deno.copyFile(`${EXAMPLES}/consoles/${entry.name}`, `${directory}/consoles/${entry.name}`);
  }
  for (const [name, text] of Object.entries(OWN)) {
    await Deno.writeTextFile(`${directory}/consoles/${name}`, text);
  }
  await Deno.writeTextFile(
    `${directory}/p.yml`,
    `global: { scrape_interval: 1s, external_labels: { a: b } }
scrape_configs:
- { job_name: node, static_configs: [{ targets: ["${target.address}"] }] }
- { job_name: prometheus, static_configs: [{ targets: ["${target.address}"] }] }
`,
  );
  const directories = { templates: `${directory}/consoles`, libraries: `${EXAMPLES}/console_libraries` };
  await using peer = await startPrometheus({
    dataPath: `${directory}/data`,
    configPath: `${directory}/p.yml`,
    flags: [
      `--web.console.templates=${directories.templates}`,
      `--web.console.libraries=${directories.libraries}`,
    ],
  });
  await eventually(
    "two scrapes of both jobs",
    () => query(peer, "count(count_over_time(node_load1[1m]) > 2)"),
    ([count]) => count?.value?.[1] === "2",
  );
  const world = worldOf((deps) => ({
    ...deps,
    options: { ...deps.options, externalUrl: `${peer.url}/` },
    engine: engineOf(peer),
    externalLabels: () => labelsFromRecord({ a: "b" }),
    consoles: consoleFiles(systemFiles, directories),
  }));
  const instance = encodeURIComponent(target.address);
  const q = encodeURIComponent(`<b>"it's" & a+b/c?d=e#f javascript:x`);
  const paths = [
    ...[...Deno.readDirSync(`${EXAMPLES}/consoles`)].map(({ name }) => `${name}?instance=${instance}`),
    `contexts.html?q=${q}`,
    // Without a value for it: newer Go marks an empty attribute without quotes, the one of Debian does not.
    ...Object.keys(OWN).filter((name) => name !== "contexts.html"),
    "nope.html",
    "sub",
    "query.html?a=%zz",
    "query.html?a=1;b=2",
  ];
  for (const path of paths) {
    const [theirs, ours] = [
      await fetch(`${peer.url}/consoles/${path}`),
      await world.get(`/consoles/${path}`),
    ];
    // Newer Go tells one thing more of a context: the braces in template literals.
    const [wanted, got] = [await theirs.text(), (await ours.text()).replaceAll(/(jsCtx\w+) \[\]/g, "$1")];
    deepStrictEqual(
      { status: ours.status, type: ours.headers.get("Content-Type"), body: got },
      { status: theirs.status, type: theirs.headers.get("Content-Type"), body: wanted },
      path,
    );
    if (path.startsWith("node-cpu")) ok(got.includes("User CPU") && got.includes("<script>"), got);
  }
  await Deno.remove(directory, { recursive: true });
});

/** The peer's own answers, so that both sides show the same data. */
function engineOf(peer: Started): QueryEngine {
  return {
    async instant(expr) {
      const series = await query(peer, expr).catch((error: Error) => {
        throw new UserError("bad_data", error.message.replace(/^.*?invalid parameter "query": /s, ""));
      });
      return resultOf({
        kind: "vector",
        tMs: NOW_MS,
        labels: series.map(({ metric }) => labelsFromRecord(metric)),
        values: Float64Array.from(series, ({ value }) => Number(value![1])),
      });
    },
    range: () => Promise.reject(new Error("consoles ask for instants only")),
  };
}

function serveConstant() {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(EXPOSITION, { headers: { "Content-Type": "text/plain; version=0.0.4" } }),
  );
  return {
    address: `127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
