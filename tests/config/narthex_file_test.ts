import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { loadNarthexFile } from "../../lib/config/narthex_file.ts";
import { parseMetricSelector } from "../../lib/promql/parse.ts";
import { memoryFiles } from "./memory_files.ts";

const HOUR_MS = 3_600_000;

function load(text: string) {
  return loadNarthexFile("/etc/n.yml", memoryFiles({ "/etc/n.yml": text }), parseMetricSelector);
}

async function problemsOf(text: string): Promise<string> {
  try {
    await load(text);
  } catch (error) {
    return String(error).replace(/^\w+: /, "");
  }
  return "accepted";
}

Deno.test("retention rules and roll-ups are read in their order, with their defaults", async () => {
  const config = await load(`
narthex:
  retention:
    - matcher: '{job="dev"}'
      keep: 3d
    - { matcher: '{__name__=~"slo:.*"}', keep: 2y }
  rollups:
    - { matcher: '{job="node"}', after: 7d, interval: 1m }
    - after: 30d
`);
  deepStrictEqual(config.retention.map(({ selector, keepMs }) => [selector, keepMs / HOUR_MS]), [
    ['{job="dev"}', 72],
    ['{__name__=~"slo:.*"}', 17_520],
  ]);
  const [dev] = config.retention[0]!.matchers;
  deepStrictEqual([dev!.op, dev!.name, dev!.value], ["=", "job", "dev"]);
  deepStrictEqual(
    config.rollups.map(({ matchers, afterMs, intervalMs }) => [
      matchers.length,
      afterMs / HOUR_MS,
      intervalMs,
    ]),
    [[1, 168, 60_000], [0, 720, 300_000]],
  );
});

Deno.test("a file without anything keeps everything as it is", async () => {
  for (const text of ["", "narthex:\n", "narthex: {}\n", "narthex: { retention: [] }\n"]) {
    deepStrictEqual(await load(text), { retention: [], rollups: [] });
  }
});

Deno.test("each problem has its line, its path and what was expected", async () => {
  const text = `narthex:
  retention:
    - matcher: '{job='
      keep: 3d
    - matcher: '{job="a"}'
    - keep: soon
  rollups:
    - after: 5m
    - after: 7d
      interval: 1h
      every: 5m
  retain: []
`;
  const places = (await problemsOf(text)).split("\n").map((line) => line.split(": ").slice(0, 2).join(" "));
  deepStrictEqual(places, [
    "/etc/n.yml:3:16 narthex.retention[0].matcher",
    "/etc/n.yml:5:7 narthex.retention[1]",
    "/etc/n.yml:6:13 narthex.retention[2].keep",
    "/etc/n.yml:8:14 narthex.rollups[0].after",
    "/etc/n.yml:11:7 narthex.rollups[1]",
    "/etc/n.yml:12:3 narthex",
  ]);
  match(
    await problemsOf("narthex: { retention: [{ matcher: '{job=', keep: 3d }] }"),
    /matcher: expected a selector such as \{job="dev"\}: 1:6: parse error: unexpected end of input/,
  );
  strictEqual(
    await problemsOf("narthex:\n  retention:\n    - matcher: '{job=\"a\"}'\n"),
    "/etc/n.yml:3:7: narthex.retention[0]: expected a duration above 0",
  );
  strictEqual(
    await problemsOf("narthex:\n  rollups:\n    - after: 5m\n"),
    "/etc/n.yml:3:14: narthex.rollups[0].after: expected at least 1h, got 5m",
  );
  strictEqual(
    await problemsOf("narthex:\n  rollups:\n    - { after: 7d, interval: 1h }\n"),
    "/etc/n.yml:3:30: narthex.rollups[0].interval: expected 1s to 5m, got 1h",
  );
  match(
    await problemsOf("narthex:\n  retain: []\n"),
    /n\.yml:2:3: narthex: field retain not found in type narthex\.Config/,
  );
  match(await problemsOf("storage: {}\n"), /n\.yml:1:1: field storage not found in type narthex\.File/);
});

Deno.test("a missing file is named", async () => {
  await rejects(
    loadNarthexFile("/etc/missing.yml", memoryFiles({}), parseMetricSelector),
    /open \/etc\/missing\.yml/,
  );
});
