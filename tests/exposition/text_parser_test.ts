import assert from "node:assert/strict";
import { ExpositionError } from "../../lib/exposition/record.ts";
import { readFull, seriesOf } from "./reading.ts";

function same(
  text: string,
  ...expected: [name: string, labels: Record<string, string>, value: number, tMs?: number][]
) {
  const found = seriesOf("text", text).map(({ labels, value, tMs }) => {
    const { __name__, ...rest } = labels;
    return tMs === undefined ? [__name__, rest, value] : [__name__, rest, value, tMs];
  });
  assert.deepEqual(found, expected, text);
}

function refused(text: string | Uint8Array, message: string): void {
  assert.throws(() => seriesOf("text", text), (error) => {
    assert.ok(error instanceof ExpositionError);
    assert.equal(error.message, message);
    return true;
  });
}

Deno.test("the text format takes plain samples, odd spacing and trailing commas", () => {
  same("a 1", ["a", {}, 1]);
  same("a 1\n", ["a", {}, 1]);
  same("", ...[]);
  same("\n\n  \n\t\n", ...[]);
  same("a{} 1\n", ["a", {}, 1]);
  same("a{}1\n", ["a", {}, 1]);
  same("a+1\n", ["a", {}, 1]);
  same('\t a\t{ b = "c" , d="e", }\t 2\t 123  \n', ["a", { b: "c", d: "e" }, 2, 123]);
  same('a{b="1" c="2"} 3\n', ["a", { b: "1", c: "2" }, 3]);
  same("go_goroutines 33  \t123123", ["go_goroutines", {}, 33, 123123]);
  same('some:aggregate:rate5m{a_b="c"} 1', ["some:aggregate:rate5m", { a_b: "c" }, 1]);
  same("a 1 9007199254740991\n", ["a", {}, 1, 9007199254740991]);
});

Deno.test("the text format takes quoted UTF-8 names inside braces", () => {
  same('{"my.metric","label.x"="v"} 1\n', ["my.metric", { "label.x": "v" }, 1]);
  same('{"go.gc \\"d\\"",quantile="0"} 1\n', ['go.gc "d"', { quantile: "0" }, 1]);
  same('{a="b","mëtric"} 1\n', ["mëtric", { a: "b" }, 1]);
  same('{"noninfix",} 1\n', ["noninfix", {}, 1]);
});

Deno.test("label values undo their escapes and may hold line feeds and NULs", () => {
  same('a{b="\\\\ \\" \\n \\x"} 1\n', ["a", { b: '\\ " \n \\x' }, 1]);
  same('a{b="x\ny"} 1\nc 2\n', ["a", { b: "x\ny" }, 1], ["c", {}, 2]);
  same('a{b="x\0y",c="}"} 1\n', ["a", { b: "x\0y", c: "}" }, 1]);
  same('a{b="日本"} 1\n', ["a", { b: "日本" }, 1]);
});

Deno.test("comments are passed over, a NUL where a line starts ends the input", () => {
  same("#\n# \n#x\n# HELPx\n# HELP\n# foo\na 1\n# HELP a b\n#EOF\nb 2\n", ["a", {}, 1], ["b", {}, 2]);
  same("  # HELP a some \\\\ text\n# TYPE a\tcounter\na 1\n", ["a", {}, 1]);
  same("a 1\n\0 garbage {{", ["a", {}, 1]);
  same('# HELP "quoted name" x\n# TYPE "quoted name" gauge\na 1', ["a", {}, 1]);
});

Deno.test("floats are read as Go reads them", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["-0", -0],
    ["+1.5e3", 1500],
    [".5", 0.5],
    ["5.", 5],
    ["1e-7", 1e-7],
    ["0.1", 0.1],
    ["123456789012345678901234567890", 123456789012345678901234567890],
    ["0.30000000000000004", 0.30000000000000004],
    ["1.7976931348623157e308", 1.7976931348623157e308],
    ["5e-324", 5e-324],
    ["9007199254740993", 9007199254740992],
    ["1e23", 1e23],
    ["+Inf", Infinity],
    ["-inf", -Infinity],
    ["Infinity", Infinity],
    ["NaN", NaN],
    ["nan", NaN],
  ];
  for (const [text, value] of cases) same(`a ${text}\n`, ["a", {}, value]);
  assert.equal(readFull("text", "a NaN\n").samples[0]!.words, `${0x7ff80000}:1`);
});

Deno.test("le of histograms and quantile of summaries become OpenMetrics floats", () => {
  const body =
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\n# TYPE s summary\ns{quantile="0.50",le="1"} 1\n' +
    '# TYPE g gauge\ng{le="1",quantile="1"} 1\n# TYPE h2 histogram\nh2_bucket{le="1000000"} 2\nh2_bucket{le="x"} 2\n';
  same(
    body,
    ["h_bucket", { le: "1.0" }, 1],
    ["h_bucket", { le: "+Inf" }, 1],
    ["s", { quantile: "0.5", le: "1" }, 1],
    ["g", { le: "1", quantile: "1" }, 1],
    ["h2_bucket", { le: "1e+06" }, 2],
    ["h2_bucket", { le: "x" }, 2],
  );
});

Deno.test("what Prometheus refuses is refused in its words, with the line", () => {
  refused("a", 'line 1: expected value after metric, got "\\n" ("INVALID") while parsing: "a\\n"');
  refused(
    'a 1\nb{c="d"}\n',
    'line 2: expected value after metric, got "\\n" ("INVALID") while parsing: "b{c=\\"d\\"}\\n"',
  );
  refused('a{b="c" 1\n', 'line 1: expected label name, got "1" ("INVALID") while parsing: "a{b=\\"c\\" 1"');
  refused("a{b=c} 1\n", 'line 1: expected label value, got "c" ("INVALID") while parsing: "a{b=c"');
  refused("a{b} 1\n", 'line 1: expected equal, got "} " ("BCLOSE") while parsing: "a{b} "');
  refused("a{,} 1\n", 'line 1: expected label name, got ",}" ("COMMA") while parsing: "a{,}"');
  refused('{a="b"} 1\n', 'line 1: metric name not set while parsing: "{a=\\"b\\"} 1"');
  refused('a{"b"} 1\n', 'line 1: metric name already set while parsing: "a{\\"b\\"}"');
  refused("=a 1\n", 'line 1: expected a valid start token, got "=" ("INVALID") while parsing: "="');
  refused("a 1 b\n", 'line 1: expected timestamp or new record, got "b" ("INVALID") while parsing: "a 1 b"');
  refused("a 1 -1\n", 'line 1: expected timestamp or new record, got "-" ("INVALID") while parsing: "a 1 -"');
  refused(
    "a 1 1 1\n",
    'line 1: expected next entry after timestamp, got "1\\n" ("TIMESTAMP") while parsing: "a 1 1 1\\n"',
  );
  refused("a 1_000\n", 'line 1: unsupported character in float while parsing: "a 1_000"');
  refused("a 0x1p-3\n", 'line 1: unsupported character in float while parsing: "a 0x1p-3"');
  refused(
    "a 1e400\n",
    'line 1: strconv.ParseFloat: parsing "1e400": value out of range while parsing: "a 1e400"',
  );
  refused("a 1\r\n", 'line 1: strconv.ParseFloat: parsing "1\\r": invalid syntax while parsing: "a 1\\r"');
  refused("a 0x10\n", 'line 1: strconv.ParseFloat: parsing "0x10": invalid syntax while parsing: "a 0x10"');
  refused(
    "a 1 9223372036854775808\n",
    'line 1: strconv.ParseInt: parsing "9223372036854775808": value out of range while parsing: "a 1 9223372036854775808"',
  );
  refused("# TYPE a info\n", 'line 1: invalid metric type "info"');
  refused("# TYPE a\n", 'line 1: invalid metric type ""');
  refused(
    "x 1\n# HELP \n",
    'line 2: expected metric name after HELP, got "\\n" ("INVALID") while parsing: "# HELP \\n"',
  );
  refused(
    Uint8Array.of(97, 123, 98, 61, 34, 0xff, 34, 125, 32, 49),
    'line 1: invalid UTF-8 label value: "\\"\\xff\\""',
  );
  refused(
    Uint8Array.of(35, 32, 72, 69, 76, 80, 32, 97, 32, 0xff),
    'line 1: help text "\\xff" is not a valid utf8 string',
  );
});

Deno.test("an endless line makes a short message", () => {
  assert.throws(() => seriesOf("text", `a{b="${"x".repeat(100_000)}`), (error) => {
    assert.ok(error instanceof ExpositionError && error.message.length < 3000);
    return true;
  });
});
