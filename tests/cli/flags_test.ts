import assert, { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { FlagTable } from "../../lib/cli/flag_types.ts";
import {
  parseListenAddress,
  parseServerArguments,
  SERVER_FLAGS,
  type ServerArguments,
} from "../../lib/cli/flags.ts";
import { serverHelpText, versionText } from "../../lib/cli/help.ts";
import { editDistance, nearest } from "../../lib/cli/nearest.ts";

type Run = Extract<ServerArguments, { kind: "run" }>;

function run(...argv: string[]): Run {
  const parsed = parseServerArguments(argv);
  assert(parsed.kind === "run", JSON.stringify(parsed));
  return parsed;
}

function refused(argv: string[], message: string, exitCode: number): void {
  deepStrictEqual(parseServerArguments(argv), { kind: "refused", message, exitCode }, argv.join(" "));
}

Deno.test("without arguments every flag has Prometheus's default", () => {
  const { flags, given, warnings, features } = run();
  strictEqual(flags["config.file"], "prometheus.yml");
  deepStrictEqual(flags["web.listen-address"], ["0.0.0.0:9090"]);
  strictEqual(flags["storage.tsdb.path"], "data/");
  strictEqual(flags["storage.tsdb.retention.time"], undefined);
  strictEqual(flags["web.enable-lifecycle"], false);
  strictEqual(flags["query.timeout"], 120_000);
  strictEqual(flags["query.lookback-delta"], 300_000);
  strictEqual(flags["query.max-samples"], 50_000_000);
  strictEqual(flags["storage.remote.read-sample-limit"], 5e7);
  strictEqual(flags["auto-gomaxprocs"], true);
  strictEqual(given.size, 0);
  deepStrictEqual(warnings, []);
  deepStrictEqual(features, []);
});

Deno.test("values are read in every form in which Prometheus takes them", () => {
  const { flags, given } = run(
    "--config.file=a b.yml",
    "--storage.tsdb.path",
    "/var/data",
    "--web.listen-address=:9091",
    "--web.listen-address=[::1]:9092",
    "--web.enable-lifecycle",
    "--no-auto-gomaxprocs",
    "--storage.tsdb.retention.time=1w2d",
    "--storage.tsdb.retention.size=512MB",
    "--query.max-concurrency=7",
    "--log.level=debug",
    "--web.external-url=http://example.org/prom",
    "--web.cors.origin=https?://(a|b)\\.org",
    "--storage.remote.read-sample-limit=1e3",
  );
  strictEqual(flags["config.file"], "a b.yml");
  strictEqual(flags["storage.tsdb.path"], "/var/data");
  deepStrictEqual(flags["web.listen-address"], [":9091", "[::1]:9092"]);
  strictEqual(flags["web.enable-lifecycle"], true);
  strictEqual(flags["auto-gomaxprocs"], false);
  strictEqual(flags["storage.tsdb.retention.time"], 9 * 86_400_000);
  strictEqual(flags["storage.tsdb.retention.size"], 512 * 1024 * 1024);
  strictEqual(flags["query.max-concurrency"], 7);
  strictEqual(flags["log.level"], "debug");
  strictEqual(flags["storage.remote.read-sample-limit"], 1000);
  assert(given.has("log.level") && !given.has("log.format"));
});

Deno.test("a flag that is not understood is refused with exit code 2", () => {
  const table: readonly (readonly [argv: string[], message: string])[] = [
    [
      ["--web.listen-adress=:1"],
      "unknown long flag '--web.listen-adress', did you mean '--web.listen-address'?",
    ],
    [
      ["--storage.tsdb.retention=1d"],
      "unknown long flag '--storage.tsdb.retention', did you mean '--storage.tsdb.retention.time'?",
    ],
    [["--xyzzy"], "unknown long flag '--xyzzy'"],
    [["--no-config.file"], "unknown long flag '--no-config.file', did you mean '--config.file'?"],
    [["-x"], "unknown short flag '-x'"],
    [["serve"], "unexpected serve"],
    [["--config.file"], "expected argument for flag '--config.file'"],
    [["--config.file=a", "--config.file=b"], "flag 'config.file' cannot be repeated"],
    [["--no-web.enable-lifecycle=true"], "unexpected value for flag '--no-web.enable-lifecycle'"],
    [
      ["--web.enable-lifecycle=yes"],
      `invalid value for flag '--web.enable-lifecycle': expected true or false, got "yes"`,
    ],
    [
      ["--query.timeout=2 minutes"],
      `invalid value for flag '--query.timeout': expected a duration such as 30s, 5m, 15d, got "2 minutes"`,
    ],
    [["--query.timeout=0s"], `invalid value for flag '--query.timeout': expected at least 1ms, got "0s"`],
    [
      ["--query.max-samples=many"],
      `invalid value for flag '--query.max-samples': expected an integer, got "many"`,
    ],
    [
      ["--query.max-samples=1.5"],
      `invalid value for flag '--query.max-samples': expected an integer, got "1.5"`,
    ],
    [
      ["--log.level=loud"],
      `invalid value for flag '--log.level': expected one of debug, info, warn, error, got "loud"`,
    ],
    [
      ["--storage.tsdb.retention.size=512"],
      `invalid value for flag '--storage.tsdb.retention.size': expected a size with a unit (B, KB, MB, GB, TB, PB, EB), got "512"`,
    ],
    [
      ["--web.listen-address=localhost"],
      `invalid value for flag '--web.listen-address': expected an address "host:port" or ":port", got "localhost"`,
    ],
    [
      ["--web.listen-address=:70000"],
      `invalid value for flag '--web.listen-address': expected an address "host:port" or ":port", got ":70000"`,
    ],
    [
      ["--web.external-url=ftp://x"],
      `invalid value for flag '--web.external-url': expected an http or https URL, got "ftp://x"`,
    ],
    [
      ["--storage.tsdb.wal-segment-size=1MB"],
      `invalid value for flag '--storage.tsdb.wal-segment-size': expected at least 10MiB and at most 256MiB, got "1MB"`,
    ],
  ];
  for (const [argv, message] of table) refused(argv, message, 2);
  const regex = parseServerArguments(["--web.cors.origin=(a"]);
  assert(regex.kind === "refused" && regex.exitCode === 2 && regex.message.includes("--web.cors.origin"));
});

Deno.test("a flag of the other mode is refused with exit code 3, agent mode itself with 1", () => {
  refused(
    ["--storage.agent.path=x"],
    `The following flag(s) can not be used in server mode: ["--storage.agent.path"] (agent mode only)`,
    3,
  );
  const agent = parseServerArguments(["--agent", "--query.timeout=1m"]);
  assert(agent.kind === "refused" && agent.exitCode !== 2);
  refused(["--agent"], "flag '--agent': agent mode is not available in this version", 1);
  strictEqual(run("--no-agent").flags.agent, false);
});

Deno.test("a feature that this version has is no warning", () => {
  const { warnings, features } = run("--enable-feature=promql-per-step-stats");
  deepStrictEqual([features, warnings], [["promql-per-step-stats"], []]);
});

Deno.test("flags without effect and unknown features are told, not refused", () => {
  const { warnings, features } = run(
    "--storage.tsdb.wal-compression",
    "--enable-feature=native-histograms, no-such",
    "--enable-feature=old-ui",
  );
  deepStrictEqual(features, ["native-histograms", "no-such", "old-ui"]);
  assert(warnings[0]!.startsWith("--storage.tsdb.wal-compression has no effect."));
  assert(warnings.includes("Unknown option for --enable-feature: no-such"));
});

Deno.test("/api/v1/status/flags shows every flag as Go's flags print", () => {
  const { strings } = run(
    "--storage.tsdb.retention.size=2GB",
    "--web.listen-address=:1",
    "--web.listen-address=:2",
  );
  strictEqual(strings["storage.tsdb.retention.size"], "2GiB");
  strictEqual(strings["storage.tsdb.retention.time"], "0s");
  strictEqual(strings["web.listen-address"], ":1,:2");
  strictEqual(strings["query.timeout"], "2m");
  strictEqual(strings["web.enable-lifecycle"], "false");
  strictEqual(strings["web.external-url"], "");
  strictEqual(strings["storage.tsdb.max-block-chunk-segment-size"], "512MiB");
  deepStrictEqual(Object.keys(strings).sort(), Object.keys(SERVER_FLAGS).sort());
});

Deno.test("help and version come before everything else that is right", () => {
  deepStrictEqual(parseServerArguments(["--log.level=debug", "-h"]), { kind: "help" });
  deepStrictEqual(parseServerArguments(["--version"]), { kind: "version" });
});

Deno.test("the help names every flag that is not hidden, in 80 columns", () => {
  const help = serverHelpText();
  const table: FlagTable = SERVER_FLAGS;
  for (const [name, spec] of Object.entries(table)) {
    strictEqual(
      new RegExp(`--(\\[no-\\])?${name.replaceAll(".", "\\.")}[ =\n]`).test(help),
      spec.hidden !== true,
      name,
    );
  }
  for (const line of help.split("\n")) assert(line.length <= 80 || line.trim().startsWith("--"), line);
});

Deno.test("the version has Prometheus's five lines", () => {
  const build = {
    version: "1.0.0",
    revision: "abc",
    branch: "main",
    buildUser: "me",
    buildDate: "20260101-00:00:00",
    goVersion: "deno 2.9.6",
    platform: "linux/amd64",
  };
  strictEqual(
    versionText("narthex", build),
    "narthex, version 1.0.0 (branch: main, revision: abc)\n  build user:       me\n" +
      "  build date:       20260101-00:00:00\n  go version:       deno 2.9.6\n  platform:         linux/amd64",
  );
});

Deno.test("listen addresses are taken apart", () => {
  deepStrictEqual(parseListenAddress(":9090"), { host: "0.0.0.0", port: 9090 });
  deepStrictEqual(parseListenAddress("localhost:1"), { host: "localhost", port: 1 });
  deepStrictEqual(parseListenAddress("[::]:80"), { host: "::", port: 80 });
});

Deno.test("edit distance is a distance, and the nearest name is near", () => {
  strictEqual(editDistance("kitten", "sitting"), 3);
  const word = fc.string({ maxLength: 12 });
  fc.assert(fc.property(word, word, word, (a, b, c) => {
    strictEqual(editDistance(a, b), editDistance(b, a));
    strictEqual(editDistance(a, b) === 0, a === b);
    assert(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
  }));
  strictEqual(nearest("log.levle", ["log.level", "log.format"]), "log.level");
  strictEqual(nearest("zzz", ["log.level"]), undefined);
});
