import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { fileSdPaths, readFileSd, readGroups } from "../../lib/discovery/file_sd.ts";
import { formatLabels } from "../../lib/model/labels.ts";
import { memoryFiles } from "../config/memory_files.ts";

const CONFIG = { files: ["/t/*.json", "/t/*.yml", "/one.yaml"], refreshIntervalMs: 300_000 };
const JSON_TEXT = '[\n\t{ "targets": ["a:1", "b:1"], "labels": { "x": "1" } },\n\t{ "targets": [] }\n]';
const YAML_TEXT = "- targets: [c:1]\n- labels: { y: 2 }\n  targets: ['d:1']\n";

function shown(groups: Awaited<ReturnType<typeof readFileSd>>["groups"]) {
  return groups.map((
    group,
  ) => [group.source, group.targets.map((target) => target[1]).join(), formatLabels(group.labels)]);
}

Deno.test("groups are read from JSON and YAML files by pattern", async () => {
  const files = memoryFiles({
    "/t/a.json": JSON_TEXT,
    "/t/b.yml": YAML_TEXT,
    "/t/c.txt": "ignored",
    "/one.yaml": "",
    "/two.yaml": "- targets: [no:1]",
  });
  const { groups, errors } = await readFileSd(CONFIG, files, []);
  deepStrictEqual(errors, []);
  deepStrictEqual(shown(groups), [
    ["/t/a.json:0", "a:1,b:1", '{__meta_filepath="/t/a.json", x="1"}'],
    ["/t/a.json:1", "", '{__meta_filepath="/t/a.json"}'],
    ["/t/b.yml:0", "c:1", '{__meta_filepath="/t/b.yml"}'],
    ["/t/b.yml:1", "d:1", '{__meta_filepath="/t/b.yml", y="2"}'],
  ]);
  deepStrictEqual(await fileSdPaths(CONFIG, files), ["/t/a.json", "/t/b.yml", "/one.yaml"]);
});

Deno.test("a file that goes bad keeps its last groups, a file that is gone does not", async () => {
  const before = await readFileSd(CONFIG, memoryFiles({ "/t/a.json": JSON_TEXT, "/t/b.yml": YAML_TEXT }), []);
  const after = await readFileSd(
    CONFIG,
    memoryFiles({ "/t/a.json": "[{", "/one.yaml": "x: 1" }),
    before.groups,
  );
  deepStrictEqual(shown(after.groups), shown(before.groups).slice(0, 2));
  deepStrictEqual(after.errors.map((error) => error.file), ["/t/a.json", "/one.yaml"]);
  ok(after.errors[0]!.message.startsWith("expected JSON: "), after.errors[0]!.message);
  ok(after.errors[1]!.message.startsWith("1:1: expected a list"), after.errors[1]!.message);
});

Deno.test("groups are read strictly", () => {
  const cases: readonly (readonly [file: string, text: string, message: string])[] = [
    [
      "a.yml",
      "- targats: [x]",
      'a.yml:1:3: [0]: field targats not found in type struct; did you mean "targets"?',
    ],
    ["a.yml", "-\n- targets: [x]", "a.yml:1:2: nil target group item found"],
    ["a.yml", "- targets: x", "a.yml:1:12: [0].targets: expected a list (text each)"],
    ["a.json", '[{"targets":["x"],"labels":{"a":1}}]', "a.json: expected JSON: expected a string, got 1"],
    ["a.json", '[{"targets":[["x"]]}]', "a.json: [0].targets[0]: expected text, got a list"],
    ["a.json", "{}", "a.json: expected a list"],
    ["a.json", "", "a.json: expected JSON"],
    ["a.json", '- targets: ["x"]', "a.json: expected JSON"],
    ["a.json", "[".repeat(100_000) + "]".repeat(100_000), "a.json: "],
  ];
  for (const [file, text, message] of cases) {
    throws(() => readGroups(text, file), (error) => {
      ok(error instanceof Error && error.message.startsWith(message), `${text.slice(0, 40)}: ${error}`);
      return true;
    });
  }
  strictEqual(readGroups("[]", "a.json").length, 0);
});
