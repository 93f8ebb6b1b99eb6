import assert, { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type CheckConfigOptions,
  type CommandPorts,
  type JsonRequest,
  runCommand,
} from "../../lib/cli/commands.ts";
import { NO_TSDB } from "./no_tsdb.ts";
import { NO_RULES } from "./rule_ports.ts";

const NOW_MS = 1_700_000_000_000;

interface Ran {
  readonly code: number | "server";
  readonly out: string;
  readonly err: string;
  readonly requests: readonly JsonRequest[];
  readonly checked: readonly (readonly [readonly string[], CheckConfigOptions])[];
}

async function command(argv: readonly string[], body = "", status = 200): Promise<Ran> {
  let out = "";
  let err = "";
  const requests: JsonRequest[] = [];
  const checked: [readonly string[], CheckConfigOptions][] = [];
  const ports: CommandPorts = {
    fetchJson: (request) => {
      requests.push(request);
      return body === "" ? Promise.reject(new Error("connection refused")) : Promise.resolve({
        status,
        statusText: "",
        body,
      });
    },
    nowMs: () => NOW_MS,
    out: (text) => out += text,
    err: (text) => err += text,
    rules: NO_RULES,
    tsdb: NO_TSDB,
    checkConfig: (paths, options) => {
      checked.push([paths, options]);
      return Promise.resolve(3);
    },
    build: {
      version: "1.0.0",
      revision: "r",
      branch: "b",
      buildUser: "u",
      buildDate: "d",
      goVersion: "deno",
      platform: "linux/amd64",
    },
  };
  const outcome = await runCommand(argv, ports);
  return { code: outcome.kind === "server" ? "server" : outcome.code, out, err, requests, checked };
}

function success(data: unknown): string {
  return JSON.stringify({ status: "success", data });
}

const INSTANT = ["query", "instant", "http://localhost:9090", "up"];

Deno.test("no word at all, or only flags, starts the server", async () => {
  strictEqual((await command([])).code, "server");
  strictEqual((await command(["--log.level=warn"])).code, "server");
});

Deno.test("help and version are printed on stdout with exit code 0", async () => {
  for (const argv of [["--help"], ["-h"], ["help"]]) {
    const { code, out } = await command(argv);
    strictEqual(code, 0);
    assert(out.startsWith("usage: narthex [<flags>]"));
  }
  const version = await command(["--version"]);
  strictEqual(version.code, 0);
  assert(version.out.startsWith("narthex, version 1.0.0 (branch: b, revision: r)\n"));
  const help = await command(["help", "query"]);
  assert(
    help.out.includes("usage: narthex query instant") && help.out.includes("usage: narthex query range"),
  );
  strictEqual((await command(["query", "range", "--help"])).code, 0);
});

Deno.test("wrong words end with what was expected and a code that is not 0", async () => {
  const table: readonly (readonly [argv: string[], code: number, message: string])[] = [
    [
      ["--nonsense"],
      2,
      "Error parsing command line arguments: unknown long flag '--nonsense'\nTry narthex --help\n",
    ],
    [
      ["serve"],
      2,
      `narthex: error: unknown command "serve", expected one of "check", "test", "query", "tsdb", "help", try --help\n`,
    ],
    [
      ["query", "sideways"],
      1,
      `narthex: error: unknown command "query sideways", expected one of "query instant", "query range", try --help\n`,
    ],
    [["query", "instant"], 1, "narthex: error: required argument 'server' not provided, try --help\n"],
    [
      ["query", "instant", "http://x"],
      1,
      "narthex: error: required argument 'expr' not provided, try --help\n",
    ],
    [[...INSTANT, "more"], 1, "narthex: error: unexpected more, try --help\n"],
    [
      [...INSTANT, "--tiem=1"],
      1,
      "narthex: error: unknown long flag '--tiem', did you mean '--time'?, try --help\n",
    ],
    [[...INSTANT, "--time"], 1, "narthex: error: expected argument for flag '--time', try --help\n"],
    [
      [...INSTANT, "--time=noon"],
      1,
      `narthex: error: error parsing evaluation time: cannot parse "noon" to a valid timestamp, try --help\n`,
    ],
    [
      [...INSTANT, "-o", "xml"],
      1,
      "narthex: error: enum value must be one of promql,json, got 'xml', try --help\n",
    ],
    [[...INSTANT, "--header=x"], 1, `narthex: error: expected HEADER=VALUE, got "x", try --help\n`],
    [
      ["query", "range", "http://x", "up", "--start=5", "--end=5"],
      1,
      "start time is not before end time\n",
    ],
    [["check", "config"], 1, "narthex: error: required argument 'config-files' not provided, try --help\n"],
    [INSTANT, 1, "query error: connection refused\n"],
  ];
  for (const [argv, code, message] of table) {
    const ran = await command(argv);
    strictEqual(ran.err, message);
    strictEqual(ran.code, code, argv.join(" "));
    strictEqual(ran.out, "");
  }
});

Deno.test("check config hands over its files and options, and its exit code is the answer", async () => {
  const { code, checked } = await command([
    "check",
    "config",
    "--lint=all",
    "a.yml",
    "--lint-fatal",
    "b.yml",
  ]);
  strictEqual(code, 3);
  deepStrictEqual(checked, [[["a.yml", "b.yml"], {
    syntaxOnly: false,
    agent: false,
    lint: "all",
    lintFatal: true,
    ignoreUnknownFields: false,
    parse: { experimentalFunctions: false, extendedRangeSelectors: false, binopFillModifiers: false },
  }]]);
  strictEqual((await command(["check", "config", "--lint=odd", "a.yml"])).code, 1);
});

Deno.test("an instant query prints vectors, scalars and strings as promtool does", async () => {
  const vector = success({
    resultType: "vector",
    result: [
      { metric: { job: 'b\n"', __name__: "up", instance: "x" }, value: [1435781451.781, "1"] },
      { metric: {}, value: [1, "1e+30"] },
      { metric: { __name__: "n" }, value: [2, "NaN"] },
    ],
  });
  const printed = await command(INSTANT, vector);
  strictEqual(printed.code, 0);
  strictEqual(
    printed.out,
    'up{instance="x", job="b\\n\\""} => 1 @[1435781451.781]\n' +
      "{} => 1000000000000000000000000000000 @[1]\nn => NaN @[2]\n",
  );
  strictEqual((await command(INSTANT, success({ resultType: "vector", result: [] }))).out, "\n");
  strictEqual(
    (await command(INSTANT, success({ resultType: "scalar", result: [1, "2"] }))).out,
    "scalar: 2 @[1]\n",
  );
  strictEqual((await command(INSTANT, success({ resultType: "string", result: [1, "hi"] }))).out, "hi\n");
});

Deno.test("-o json prints the result alone, labels sorted and HTML escaped as Go does", async () => {
  const body = success({
    resultType: "vector",
    result: [{ metric: { b: "<&>", a: "1" }, value: [1.5, "2"] }],
  });
  const { out } = await command([...INSTANT, "-o", "json"], body);
  strictEqual(out, '[{"metric":{"a":"1","b":"\\u003c\\u0026\\u003e"},"value":[1.5,"2"]}]\n');
});

Deno.test("a range query asks for five minutes by default and prints sorted series", async () => {
  const matrix = success({
    resultType: "matrix",
    result: [
      { metric: { a: "2" }, values: [[1, "1"], [2, "2"]] },
      { metric: { a: "1" }, values: [[1, "3"]] },
    ],
  });
  const { code, out, requests } = await command(
    ["query", "range", "--header=X-Tenant=me", "localhost:9090/prom/", "up"],
    matrix,
  );
  strictEqual(code, 0);
  strictEqual(out, '{a="1"} =>\n3 @[1]\n{a="2"} =>\n1 @[1]\n2 @[2]\n');
  strictEqual(requests[0]?.url, "http://localhost:9090/prom/api/v1/query_range");
  strictEqual(requests[0]?.body, "query=up&start=1699999700&end=1700000000&step=1");
  deepStrictEqual(requests[0]?.headers[1], ["X-Tenant", "me"]);
  const given = await command(
    [
      "query",
      "range",
      "http://x",
      "up",
      "--start=2023-11-14T00:00:00Z",
      "--end",
      "1699923600.5",
      "--step=1m30s",
    ],
    matrix,
  );
  strictEqual(given.requests[0]?.body, "query=up&start=1699920000&end=1699923600.5&step=90");
});

Deno.test("native histograms are printed with their buckets", async () => {
  const histogram = { count: "3", sum: "1.5", buckets: [[0, "0.5", "1", "2"], [3, "-0.1", "0.1", "1"]] };
  const body = success({ resultType: "vector", result: [{ metric: { a: "1" }, histogram: [1, histogram] }] });
  strictEqual(
    (await command(INSTANT, body)).out,
    '{a="1"} => Count: 3.000000, Sum: 1.500000, Buckets: [(0.5,1]:2 [-0.1,0.1]:1] @[1]\n',
  );
});

Deno.test("what the server refuses is told in its own words, with exit code 1", async () => {
  const refusal = JSON.stringify({ status: "error", errorType: "bad_data", error: "1:1: parse error" });
  const ran = await command(INSTANT, refusal, 400);
  strictEqual(ran.code, 1);
  strictEqual(ran.err, "query error: bad_data: 1:1: parse error\n");
  strictEqual((await command(INSTANT, "<html>", 502)).err, "query error: server_error: server error: 502\n");
  strictEqual((await command(INSTANT, "Service Unavailable", 503)).code, 1);
  assert(
    (await command(INSTANT, '{"status":"success","data":{"resultType":"odd"}}')).err.includes("bad_response"),
  );
  assert(
    (await command(INSTANT, success({ resultType: "vector", result: [{}] }))).err.includes("bad_response"),
  );
});
