import assert from "node:assert/strict";
import fc from "fast-check";
import type { ExpositionFormat } from "../../lib/exposition/record.ts";
import { bodyOf, ChainedReader, readFull } from "./reading.ts";

const folder = `${import.meta.dirname}/../../../shared/testdata/exposition`;

function testdata(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(`${folder}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const real = testdata("node_exporter_1.txt");
const skipped = real === undefined ? " (skipped: no ../shared/testdata)" : "";

/** Reads the bodies in a chain and each alone, and demands the same samples and the same error. */
function agree(format: ExpositionFormat, bodies: readonly string[]): void {
  const chain = new ChainedReader();
  for (const body of bodies) {
    const inStep = chain.read(bodyOf(format, body));
    const alone = readFull(format, body);
    assert.equal(inStep.error, alone.error);
    assert.deepEqual(inStep.samples, alone.samples);
  }
}

Deno.test("reading by the predecessor survives every change of a small body", () => {
  const bodies = [
    'a 1\nb 2\nc{d="e"} 3\n',
    'a 1\nb 2\nc{d="e"} 3\n',
    'a 1.0\nb 2\nc{d="e"} 4\n',
    'a 1\nc{d="e"} 3\n',
    'c{d="e"} 3\na 1\nb 2\n',
    "a 1\na 2\na 1\nb 1\n",
    "a 2\na 2\na 5\nb 1\n",
    "a 1 1000\nb 2\n",
    "a 1\nb 2 3000\n",
    "a 1 1000\nb 2 3000\n",
    "a 12\nb 2",
    "a 12\nb 23",
    "a 12\nb NaN",
    "a 12\nb 0.12345678901234567\n",
    "a 12\nb{} 3\n",
    'a {x="y"} 12\nb 3\n',
    "a12\nb 3\n",
    "a+1\nb 3\n",
    "a+2\nb 3\n",
    "a2 7\nb 3\n",
    "a 1\r\nb 3\n",
    "",
    'a{b="x\ny"} 1\nz 1\n',
    'a{b="x\ny"} 2\nz 1\n',
    'a{b="x\nz"} 2\nz 1\n',
    "# TYPE a counter\n# HELP a b\na 1\n",
    "# TYPE a gauge\n# HELP a b\na 1\n\0rest",
    "# TYPE a gauge\n# HELP a b\na 1\n\0other rest\n",
    "# TYPE a gauge\n# HELP a b\na 1\nb 1\n",
  ];
  agree("text", bodies);
  agree("text", [...bodies].reverse());
});

Deno.test("reading by the predecessor notices what follows # EOF, and a missing one", () => {
  agree("openmetrics", [
    'a 1\nb 2 # {x="y"} 1\n# EOF\n',
    'a 1\nb 2 # {x="y"} 1\n# EOF\n',
    'a 1\nb 3 # {x="y"} 1\n# EOF\n',
    'a 1\nb 3 # {x="z"} 1\n# EOF',
    'a 1\nb 3 # {x="z"} 1\n# EOF\nc 1\n',
    'a 1\nb 3 # {x="z"} 1\n',
    "a 1\nb 3 1.5\n# EOF\n",
    "a 1\nb 3",
    "a 1\nb 3\n# EOF\n",
    "a 1\n# EOF\nb 3\n",
    "# EOF\n",
  ]);
});

Deno.test("the structure counts as unchanged exactly while every line is found in its place", () => {
  const chain = new ChainedReader();
  const base = "# HELP a x\n# TYPE a gauge\na 1\nb 2\nc 3\n";
  chain.read(bodyOf("text", base));
  assert.equal(chain.reader.structureChanged, true);
  for (
    const [body, structure, metadata] of [
      [base, false, false],
      [base.replace("b 2", "b 25"), false, false],
      [base.replace("b 2", "b 2 1000"), false, false],
      [base, false, false],
      [base + "d 4\n", true, false],
      [base, true, false],
      [base.replace("HELP a x", "HELP a y"), true, true],
      [base.replace("# HELP a x\n", ""), true, true],
      [base, true, true],
      ["a 1\nb 2\n", true, true],
    ] as const
  ) {
    chain.read(bodyOf("text", body));
    assert.equal(chain.reader.structureChanged, structure, body);
    assert.equal(chain.reader.metadataChanged, metadata, body);
  }
});

Deno.test({
  name: `a real node_exporter body is read the same by its predecessor and alone${skipped}`,
  ignore: real === undefined,
  fn() {
    const second = testdata("node_exporter_2.txt")!;
    agree("text", [real!, second, real!, second]);
    assert.equal(readFull("text", real!).samples.length, 507);
    for (const name of ["alltypes.237mfs.prom.txt", "alltypes.237mfs.nometa.prom.txt"]) {
      const body = testdata(name)!;
      agree("text", [body, body.replaceAll(/ (\d+)\n/g, " $10\n"), body]);
      assert.equal(readFull("text", body).error, undefined);
    }
    for (const name of ["1histogram.om.txt", "alltypes.5mfs.om.txt"]) {
      const body = testdata(name)!;
      const read = readFull("openmetrics", body);
      agree("openmetrics", [body, body.replaceAll("1\n", "2\n"), body]);
      assert.equal(read.error, undefined, name);
    }
  },
});

/** Lines that are alike enough to be mistaken for one another. */
const line = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      "a",
      "ab",
      "b",
      'a{x="1"}',
      'a{x="1",y="2"}',
      'b{x="\\"}"}',
      '{"q.r"}',
      '{"q.r",x="1"}',
      "a ",
      " a",
    ),
    fc.constantFrom(" ", "  ", "\t", ""),
    fc.constantFrom(
      "1",
      "12",
      "1.0",
      "-1e3",
      "NaN",
      "+Inf",
      "0.30000000000000004",
      "123456789012345678",
      "x",
      "1_0",
      "1\r",
    ),
    fc.constantFrom("", "", "", " 1000", " 2000", " 1.5", ' # {t="u"} 1'),
  ).map((parts) => parts.join("")),
  fc.constantFrom(
    "",
    "# HELP a text",
    "# HELP a other",
    "# TYPE a counter",
    "# TYPE a histogram",
    "# UNIT a a",
    "# EOF",
    "# comment",
    "\0",
    'a{x="unfinished 1',
    'a{x="over\nlines"} 1',
  ),
);

function changed(
  lines: readonly string[],
  changes: readonly [kind: number, at: number, by: string][],
): string[] {
  const next = [...lines];
  for (const [kind, where, text] of changes) {
    const at = next.length === 0 ? 0 : where % next.length;
    if (kind === 0) next[at] = text;
    else if (kind === 1) next.splice(at, 0, text);
    else if (kind === 2) next.splice(at, 1);
    else if (kind === 3) next.push(...next.splice(at, 2));
    else next.splice(at, 0, next[(at * 7) % Math.max(1, next.length)] ?? text);
  }
  return next;
}

const change = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.nat(50), line);

for (const format of ["text", "openmetrics"] as const) {
  Deno.test(`random ${format} bodies are read the same by their predecessors and alone`, () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 30 }),
        fc.array(fc.array(change, { maxLength: 4 }), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (first, steps, valid) => {
          const ends = format === "openmetrics" ? "\n# EOF\n" : "\n";
          let lines = valid
            ? first.filter((each) => readFull(format, each + ends).error === undefined)
            : first;
          const bodies = [lines.join("\n") + ends];
          for (const step of steps) {
            lines = changed(lines, step);
            bodies.push(lines.join("\n") + ends);
          }
          agree(format, bodies);
        },
      ),
      { numRuns: 400 },
    );
  });
}

Deno.test({
  name: `random changes of a real body are read the same${skipped}`,
  ignore: real === undefined,
  fn() {
    const lines = real!.split("\n").slice(0, 300);
    fc.assert(
      fc.property(
        fc.array(fc.array(change, { maxLength: 3 }), { minLength: 1, maxLength: 4 }),
        fc.nat(400),
        (steps, cut) => {
          let current: string[] = lines;
          const bodies = [current.join("\n")];
          for (const step of steps) {
            current = changed(current, step.map(([kind, at, text]) => [kind, at * 7, text]));
            bodies.push(current.join("\n"));
          }
          bodies.push(bodies.at(-1)!.slice(0, -cut - 1));
          agree("text", bodies);
        },
      ),
      { numRuns: 40 },
    );
  },
});
