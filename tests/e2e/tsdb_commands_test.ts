import assert from "node:assert/strict";
import { hasPeer } from "./processes.ts";
import { runNarthex } from "./run_command.ts";

const TEXT = `# TYPE a counter
a_total{job="x",b="q\\"uo"} 1 1700000000
a_total{job="x",b="z"} 1234567 1700000000
a_total{job="x",b="z"} 0.00001 1700000015.5
a_total{job="x",b="z"} 17000000000 1700000016
# TYPE h histogram
h_bucket{le="1"} 2 1700000000
b NaN 1700000000
b +Inf 1700000001
# EOF
`;
const DUMP = `{__name__="a_total", b="q\\"uo", job="x"} 1 1700000000000
{__name__="a_total", b="z", job="x"} 1.234567e+06 1700000000000
{__name__="a_total", b="z", job="x"} 1e-05 1700000015500
{__name__="a_total", b="z", job="x"} 1.7e+10 1700000016000
{__name__="b"} NaN 1700000000000
{__name__="b"} +Inf 1700000001000
{__name__="h_bucket", le="1.0"} 2 1700000000000
`;

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function succeeded(args: readonly string[], stdin?: string): Promise<string> {
  const { code, out, err } = await runNarthex(args, stdin);
  assert.equal(code, 0, `${args.join(" ")}: ${out}${err}`);
  return out;
}

Deno.test("what is imported as text is dumped, and what is dumped can be imported again", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/a.txt`, TEXT);
    const account = await succeeded([
      "tsdb",
      "import",
      "openmetrics",
      `${directory}/a.txt`,
      `${directory}/one`,
    ]);
    assert.match(account, /^imported 4 series with 7 samples: \d+ bytes/);
    assert.equal(await succeeded(["tsdb", "dump", `${directory}/one`]), DUMP);
    const text = await succeeded(["tsdb", "dump-openmetrics", `${directory}/one`]);
    await succeeded(["tsdb", "create-blocks-from", "openmetrics", "-", `${directory}/two`], text);
    assert.equal(await succeeded(["tsdb", "dump", `${directory}/two`]), DUMP);
    assert.equal(
      await succeeded([
        "tsdb",
        "dump",
        "--match=b",
        "--match",
        'a_total{b!="z"}',
        "--max-time=1700000000000",
        `${directory}/two`,
      ]),
      DUMP.split("\n").filter((line) => /q\\"uo|NaN/.test(line)).join("\n") + "\n",
    );
    const listed = await succeeded(["tsdb", "list", "-r", `${directory}/two`]);
    assert.match(listed, /^COHORT +MIN TIME/);
    assert.match(
      listed,
      /2023-11-14 22:13:20 \+0000 UTC +2023-11-14 22:13:36 \+0000 UTC +16s .*import\/x\/\n/,
    );
    assert.match(await succeeded(["tsdb", "check", `${directory}/two`]), /7 samples .*: no damage/);
  });
});

Deno.test("a text that cannot be imported leaves nothing behind, and says what is wrong where", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/data`;
    await succeeded(["tsdb", "import", "openmetrics", "-", path], TEXT);
    for (
      const [text, message] of [
        ["a 1 1\nb 2\n# EOF\n", /expected timestamp for series b, got none/],
        ["a 1 1\na{ 1\n# EOF\n", /standard input: line 2: /],
        ["a 1 1\n", /standard input: line 2: data does not end with # EOF/],
      ] as const
    ) {
      const { code, err } = await runNarthex(["tsdb", "import", "openmetrics", "-", path], text);
      assert.equal(code, 1);
      assert.match(err, message);
    }
    assert.equal(await succeeded(["tsdb", "dump", path]), DUMP);
    assert.match(await succeeded(["tsdb", "check", path]), /: no damage\n$/);
  });
});

Deno.test("a command on data that is not there says so, and makes nothing", async () => {
  await inDirectory(async (directory) => {
    for (const command of ["check", "dump", "list", "analyze"]) {
      const { code, err } = await runNarthex(["tsdb", command, `${directory}/none`]);
      assert.equal(code, 1);
      assert.match(err, /there is no Narthex store in .*none/);
    }
    const { code, err } = await runNarthex([
      "tsdb",
      "import",
      "prometheus",
      `${directory}/none`,
      `${directory}/new`,
    ]);
    assert.equal(code, 1);
    assert.match(err, /none: no such directory/);
    assert.deepEqual(
      [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => name === "none"),
      [],
    );
  });
});

const missing = !hasPeer("promtool");

Deno.test({
  name: "an analysis counts as promtool's" + (missing ? " (skipped: promtool is not installed)" : ""),
  ignore: missing,
  async fn() {
    await inDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/a.txt`, TEXT);
      const theirs = `${directory}/theirs`;
      const create = ["tsdb", "create-blocks-from", "openmetrics", `${directory}/a.txt`, theirs];
      await new Deno.Command("promtool", { args: create, stdout: "null" }).output();
      const { stdout } = await new Deno.Command("promtool", { args: ["tsdb", "analyze", theirs] }).output();
      await succeeded(["tsdb", "import", "prometheus", theirs, `${directory}/ours`]);
      const [expected, got] = [
        sectionsOf(new TextDecoder().decode(stdout)),
        sectionsOf(await succeeded(["tsdb", "analyze", `${directory}/ours`])),
      ];
      for (
        const heading of [
          "Most common label pairs:",
          "Label names with highest cumulative label value length:",
          "Highest cardinality labels:",
          "Highest cardinality metric names:",
        ]
      ) {
        assert.ok((expected.get(heading)?.length ?? 0) > 2, heading);
        assert.deepEqual(got.get(heading), expected.get(heading), heading);
      }
    });
  },
});

/** Lines below each heading; those of one count in no order. */
function sectionsOf(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    text.split("\n\n").map((part) => {
      const [heading, ...lines] = part.trim().split("\n");
      return [heading!, lines.sort()];
    }),
  );
}
