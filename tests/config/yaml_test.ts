import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { any } from "../../lib/config/schema/containers.ts";
import { Reader } from "../../lib/config/schema/schema.ts";
import { parseYaml } from "../../lib/config/yaml.ts";
import { plainKind } from "../../lib/config/yaml_scalars.ts";
import { FlowList, writeYaml, type Written } from "../../lib/config/yaml_write.ts";

function read(text: string): Written {
  const reader = new Reader({ file: "x", directory: ".", unknownFields: "refused" });
  const value = reader.part("", any, parseYaml(text, "x"));
  deepStrictEqual(reader.problems(), [], text);
  return value;
}

Deno.test("plain scalars stand for what they do in YAML 1.1", () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    null: ["", "~", "null", "Null"],
    bool: ["true", "False", "yes", "NO", "on", "off", "y"],
    int: ["0", "-1", "+12", "0x1F", "0o17", "017", "1_000", "0b101"],
    float: ["1.5", "-.5", "1e3", "1.", ".inf", "-.Inf", ".nan"],
    text: ["a", "15s", "1.2.3", "0x", "1:30", "-", "truely", "127.0.0.1:9090", "1e"],
    timestamp: ["2001-12-14", "2001-12-14t21:59:43.10-05:00"],
    merge: ["<<"],
  };
  for (const [kind, texts] of Object.entries(cases)) {
    for (const text of texts) strictEqual(plainKind(text), kind, text);
  }
});

Deno.test("text is written plain where it reads back as text, else quoted as Prometheus quotes", () => {
  const cases: readonly (readonly [text: string, written: string])[] = [
    ["plain text", "plain text"],
    ["123", '"123"'],
    ["yes", '"yes"'],
    ["", '""'],
    [";", ";"],
    [",", "','"],
    ["a: b", "'a: b'"],
    ["a:b", "a:b"],
    ["- a", "'- a'"],
    ["-a", "-a"],
    ["it's", "it's"],
    ["'x", "'''x'"],
    ["a #b", "'a #b'"],
    ["{x}", "'{x}'"],
    ["<secret>", "<secret>"],
    ["${1}", "${1}"],
    ["a\tb", '"a\\tb"'],
    ["測試", "測試"],
    ["a\nb", "|-\n  a\n  b"],
    ["a\nb\n", "|\n  a\n  b"],
  ];
  for (const [text, written] of cases) {
    strictEqual(writeYaml(new Map([["k", text]])), `k: ${written}\n`, text);
  }
});

Deno.test("lists and maps are laid out as Prometheus lays them out", () => {
  const value = new Map<string, Written>([
    ["list", [new Map<string, Written>([["a", 1], ["b", ["x", "y"]]]), [1, [2]], [], new Map()]],
    ["flow", new FlowList(["job", "a, b", "1"])],
    ["none", null],
    ["nested", new Map([["deep", new Map([["yes", true]])]])],
  ]);
  strictEqual(
    writeYaml(value),
    `list:
- a: 1
  b:
  - x
  - "y"
- - 1
  - - 2
- []
- {}
flow: [job, 'a, b', "1"]
none: null
nested:
  deep:
    "yes": true
`,
  );
});

Deno.test("what is written reads back, whatever it is", () => {
  const key = fc.string({ unit: "grapheme", maxLength: 6 }).filter((text) => text !== "<<");
  const leaf = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.stringMatching(/^[-a-z:#'" \n{}\[\]|>&*!%@,?0-9.~_\t]{0,12}$/),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const tree = fc.letrec<{ tree: Written }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.array(fc.tuple(key, tie("tree")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    ),
  })).tree;
  fc.assert(
    fc.property(tree, (value) => {
      const text = writeYaml(value);
      deepStrictEqual(read(text), value, text);
    }),
    { numRuns: 500, seed: 7 },
  );
});

Deno.test("places are lines and columns from 1, through aliases as well", () => {
  const node = parseYaml("a: &x\n  b: 1\nc: *x\n", "f");
  ok(node.kind === "map");
  deepStrictEqual(node.entries.map((entry) => entry.key.place), [{ line: 1, column: 1 }, {
    line: 3,
    column: 1,
  }]);
  strictEqual(node.entries[0]!.value, node.entries[1]!.value);
});
