import assert from "node:assert/strict";
import { ExpositionError } from "../../lib/exposition/record.ts";
import { seriesOf } from "./reading.ts";

function same(
  text: string,
  ...expected: [name: string, labels: Record<string, string>, value: number, tMs?: number][]
) {
  const found = seriesOf("openmetrics", text + "# EOF\n").map(({ labels, value, tMs }) => {
    const { __name__, ...rest } = labels;
    return tMs === undefined ? [__name__, rest, value] : [__name__, rest, value, tMs];
  });
  assert.deepEqual(found, expected, text);
}

function refused(text: string, message: string): void {
  assert.throws(() => seriesOf("openmetrics", text), (error) => {
    assert.ok(error instanceof ExpositionError);
    assert.equal(error.message, message);
    return true;
  });
}

Deno.test("OpenMetrics takes its types, units, float timestamps and exemplars", () => {
  same(
    '# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds x \\" y\na_seconds_total 1 1.5\na_seconds_created 2\n',
    ["a_seconds_total", {}, 1, 1500],
    ["a_seconds_created", {}, 2],
  );
  same(
    '# TYPE h histogram\nh_bucket{le="1"} 4 # {trace_id="x",b="c"} 0.5\nh_bucket{le="+Inf"} 5 12.0009 # {} 1 1.2\n',
    ["h_bucket", { le: "1.0" }, 4],
    ["h_bucket", { le: "+Inf" }, 5, 12000],
  );
  for (const type of ["gauge", "gaugehistogram", "info", "stateset", "unknown", "summary"]) {
    same(`# TYPE m ${type}\nm 1\n`, ["m", {}, 1]);
  }
  same('{"utf.8","l.x"="y"} 1 -1\n', ["utf.8", { "l.x": "y" }, 1, -1000]);
  same('a{b="c",} 1\n', ["a", { b: "c" }, 1]);
});

Deno.test("OpenMetrics ends with # EOF and nothing else", () => {
  assert.deepEqual(seriesOf("openmetrics", "# EOF"), []);
  assert.deepEqual(seriesOf("openmetrics", "# EOF\n"), []);
  refused("", "line 1: data does not end with # EOF");
  refused("a 1\n", "line 2: data does not end with # EOF");
  refused("a 1", "line 1: data does not end with # EOF");
  refused("a 1\n# EOF\nb 1\n", "line 2: unexpected data after # EOF");
  refused("# EOF\n\n", "line 1: unexpected data after # EOF");
});

Deno.test("OpenMetrics refuses what is loose, in Prometheus's words", () => {
  refused("\n# EOF\n", 'line 1: expected a valid start token, got "\\n" ("INVALID") while parsing: "\\n"');
  refused(
    "# a comment\n# EOF\n",
    'line 1: expected a valid start token, got "# a" ("INVALID") while parsing: "# a"',
  );
  refused("a  1\n# EOF\n", 'line 1: expected value after metric, got "  " ("INVALID") while parsing: "a  "');
  refused(
    "a 1 \n# EOF\n",
    'line 1: expected timestamp or # symbol, got " \\n" ("INVALID") while parsing: "a 1 \\n"',
  );
  refused(
    "a 1 2 3\n# EOF\n",
    'line 1: expected next entry after timestamp, got " 3\\n" ("TIMESTAMP") while parsing: "a 1 2 3\\n"',
  );
  refused("a 1 NaN\n# EOF\n", "line 1: invalid timestamp NaN");
  refused("a 1 1_2\n# EOF\n", 'line 1: unsupported character in float while parsing: "a 1 1_2"');
  refused(
    'a{b="c"d="e"} 1\n# EOF\n',
    'line 1: expected comma or brace close, got "d=" ("LNAME") while parsing: "a{b=\\"c\\"d="',
  );
  refused('a{ b="c"} 1\n# EOF\n', 'line 1: expected label name, got " " ("INVALID") while parsing: "a{ "');
  refused("# UNIT a_seconds bytes\n# EOF\n", 'line 1: unit "bytes" not a suffix of metric "a_seconds"');
  refused("# TYPE a untyped\n# EOF\n", 'line 1: invalid metric type "untyped"');
  refused("# HELP a\n# EOF\n", "line 1: expected text in HELP");
  refused(
    'a 1 # {x="y"} 1 2 3\n# EOF\n',
    'line 1: expected next entry after exemplar timestamp, got " 3\\n" ("TIMESTAMP") while parsing: "a 1 # {x=\\"y\\"} 1 2 3\\n"',
  );
  refused(
    'a 1 # {"x"} 1\n# EOF\n',
    'line 1: expected label name, got "} " ("BCLOSE") while parsing: "a 1 # {\\"x\\"} "',
  );
  refused(
    'a 1 # {x="y"}\n# EOF\n',
    'line 1: expected value after exemplar labels, got "\\n" ("INVALID") while parsing: "a 1 # {x=\\"y\\"}\\n"',
  );
});
