/** Which remarks queries are answered with, word for word and with the place in the query that each speaks of. */
import { deepStrictEqual } from "node:assert/strict";
import { createEngine } from "../../lib/promql/engine.ts";
import { ALL_PARSE_OPTIONS } from "../../lib/promql/parse.ts";
import { parseScript } from "../../lib/promql/script/commands.ts";
import { loadSeries } from "../../lib/promql/script/load_series.ts";
import { MemorySource } from "../../lib/promql/script/memory_source.ts";
import { TestPorts } from "./ports.ts";

const DATA = `load 1m
  mix{type="float", i="1"} 0+1x3
  mix{type="float", i="2"} 1+1x3
  mix{type="histogram", i="1"} {{schema:0 sum:0 count:0}}+{{schema:0 sum:5 count:4 buckets:[1 2 1]}}x3
  mix{type="histogram", i="2"} {{schema:0 sum:1 count:1 buckets:[1]}}+{{schema:0 sum:5 count:4 buckets:[1 2 1]}}x3
  mix{type="custom", i="1"} {{schema:-53 sum:0 count:0 custom_values:[5 10]}}+{{schema:-53 sum:5 count:4 buckets:[1 2 1] custom_values:[5 10]}}x3
  mix{type="custom", i="2"} {{schema:-53 sum:1 count:1 buckets:[1] custom_values:[5 10]}}+{{schema:-53 sum:5 count:4 buckets:[1 2 1] custom_values:[5 10]}}x3
  mix{type="other", i="1"} {{schema:-53 sum:0 count:0 custom_values:[5 12]}}+{{schema:-53 sum:5 count:4 buckets:[1 2 1] custom_values:[5 12]}}x3
  mix{type="other", i="2"} {{schema:-53 sum:1 count:1 buckets:[1] custom_values:[5 12]}}+{{schema:-53 sum:5 count:4 buckets:[1 2 1] custom_values:[5 12]}}x3
  hint{is="unknown"} {{schema:0 sum:0 count:0}}+{{schema:0 sum:5 count:4 buckets:[1 2 1]}}x3
  hint{is="gauge"} {{schema:0 sum:0 count:0 counter_reset_hint:gauge}}+{{schema:0 sum:5 count:4 buckets:[1 2 1] counter_reset_hint:gauge}}x3
  hint{is="gauge-first"} {{schema:0 sum:1 count:1 buckets:[1] counter_reset_hint:gauge}} {{schema:0 sum:2 count:2 buckets:[2]}}
  hint{is="gauge-last"} {{schema:0 sum:1 count:1 buckets:[1]}} {{schema:0 sum:2 count:2 buckets:[2] counter_reset_hint:gauge}}
  layouts{is="both"} {{schema:0 sum:1 count:1 buckets:[1]}} {{schema:-53 sum:1 count:1 custom_values:[5 10] buckets:[1]}} {{schema:0 sum:5 count:4 buckets:[1 2 1]}}
  layouts{is="bounds"} {{schema:-53 sum:1 count:1 custom_values:[5 10] buckets:[1]}} {{schema:-53 sum:1 count:1 custom_values:[2 3] buckets:[1]}} {{schema:-53 sum:5 count:4 custom_values:[2 10] buckets:[1 2 1]}}
  layouts{is="reset"} {{schema:-53 sum:10 count:1 custom_values:[5 10] buckets:[10]}} {{schema:-53 sum:1 count:1 custom_values:[2 3] buckets:[1]}}
  turned_count 10 {{schema:0 sum:1 count:1 buckets:[1]}}
  turned_other_count 10 {{schema:0 sum:1 count:1 buckets:[1]}}
  plain 10 20
  other_plain 10 20
  plain_total 10 20
  plain_bucket 10 20
  typed{__type__="gauge"} 1 2
  typed{__type__="counter", i="2"} 1 2
  typed{__type__="histogram", i="3"} 1 2
  classic{host="a", le="0.1"} 2 2 2 2
  classic{host="a", le="1"} 3 3 3 3
  classic{host="a"} {{schema:0 sum:5 count:4 buckets:[9 2 1]}}x3
  classic{host="b"} 1 1 1 1
  classic{host="c", le="abc"} 1 1 1 1
  classic{host="d", le="0.1"} 2 2 2 2
  classic{host="d", le="1"} 1 1 1 1
  classic{host="d", le="10"} 5 5 5 5
  classic{host="d", le="+Inf"} 4 4 4 4
  nans {{schema:0 count:15 sum:NaN buckets:[12]}}x3
`;

interface EngineFlags {
  readonly delayedNameRemoval?: boolean;
  readonly typeAndUnitLabels?: boolean;
}

interface Remarks {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

async function remarks(query: string, tMs = 60_000, flags: EngineFlags = {}): Promise<Remarks> {
  const source = new MemorySource();
  for (const command of parseScript(DATA)) {
    if (command.kind !== "load") continue;
    for (const series of command.series) loadSeries(source, series, command.stepMs);
  }
  const ports = new TestPorts();
  const engine = createEngine({
    source,
    clock: ports.clock,
    yieldToLoop: ports.yieldToLoop,
    lookbackMs: 300_000,
    samplesMax: 1_000_000,
    timeoutMs: 10_000,
    noStepSubqueryIntervalMs: 60_000,
    parseOptions: ALL_PARSE_OPTIONS,
    delayedNameRemoval: false,
    ...flags,
  });
  const { warnings, infos } = await engine.instant(query, tMs);
  return { warnings, infos };
}

type Case = readonly [query: string, warnings: readonly string[], infos: readonly string[], tMs?: number];

async function check(cases: readonly Case[], flags?: EngineFlags): Promise<void> {
  const wrong: unknown[] = [];
  for (const [query, warnings, infos, tMs] of cases) {
    const got = await remarks(query, tMs, flags);
    const wanted = {
      warnings: warnings.map((text) => `PromQL warning: ${text}`),
      infos: infos.map((text) => `PromQL info: ${text}`),
    };
    try {
      deepStrictEqual(got, wanted);
    } catch {
      wrong.push({ query, got, wanted });
    }
  }
  deepStrictEqual(wrong, []);
}

const MIXED = "encountered a mix of histograms and floats for";
const SCHEMAS =
  "vector contains a mix of histograms with exponential and custom buckets schemas for metric name";
const NO_SUFFIX = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket:";
const IGNORED = "ignored histograms in a range containing both floats and histograms for metric name";
const FORCED = "input to histogram_quantile needed to be fixed for monotonicity (see " +
  "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";

Deno.test("aggregations remark on what they cannot add up", async () => {
  await check([
    [`sum by (i) (mix{type=~"float|histogram"})`, [`${MIXED} aggregation (1:13)`], []],
    [`avg by (i) (mix{type=~"float|histogram"})`, [`${MIXED} aggregation (1:13)`], []],
    [`sum by (type) (mix)`, [], []],
    [`sum(mix{type=~"histogram|custom"})`, [`${SCHEMAS} "mix" (1:5)`], []],
    [`sum(mix{type=~"custom|other"})`, [], [
      "mismatched custom buckets were reconciled during aggregation (1:5)",
    ]],
    ...["stdvar", "stddev", "min", "max"].map((op): Case => [
      `${op}(mix{type="histogram"})`,
      [],
      [`ignored histogram in ${op} aggregation (1:${op.length + 2})`],
    ]),
    [`topk(1, mix)`, [], ["ignored histogram in topk aggregation (1:1)"]],
    [`1 + bottomk(1, mix{type="histogram"})`, [], ["ignored histogram in bottomk aggregation (1:5)"]],
    [`topk(1, plain)`, [], []],
    [`quantile(0.9, mix)`, [], ["ignored histogram in quantile aggregation (1:15)"]],
    [`quantile(1.5, plain)`, ["quantile value should be between 0 and 1, got 1.5 (1:10)"], []],
    [`quantile(NaN, plain)`, ["quantile value should be between 0 and 1, got NaN (1:10)"], []],
    [
      `limit_ratio(-1.5, plain)`,
      ["ratio value should be between -1 and 1, got -1.5, capping to -1 (1:13)"],
      [],
    ],
  ]);
});

Deno.test("functions over ranges remark on mixed samples, on gauges and on layouts", async () => {
  const cases: Case[] = [];
  for (const name of ["rate", "increase"]) {
    const at = `(1:${name.length + 2})`;
    cases.push(
      [`${name}(plain[1m1s])`, [], [`${NO_SUFFIX} "plain" ${at}`]],
      [`${name}(plain_total[1m1s])`, [], []],
      [`${name}(plain_bucket[1m1s])`, [], []],
      [`${name}(plain[30s])`, [], []],
      [`${name}(mix{type="histogram"}[1m1s])`, [], []],
      [`${name}(turned_count[1m1s])`, [`${MIXED} metric name "turned_count" ${at}`], []],
      [`${name}(hint{is="gauge-first"}[1m1s])`, [
        `this native histogram metric is not a counter: "hint" ${at}`,
      ], []],
      [`${name}(hint{is="gauge-last"}[1m1s])`, [
        `this native histogram metric is not a counter: "hint" ${at}`,
      ], []],
      [`${name}(layouts{is="both"}[2m1s])`, [`${SCHEMAS} "layouts" ${at}`], [], 120_000],
      [
        `${name}(layouts{is="bounds"}[2m1s])`,
        [],
        [`mismatched custom buckets were reconciled during subtraction ${at}`],
        120_000,
      ],
      [`${name}(layouts{is="reset"}[2m1s])`, [], [], 120_000],
    );
  }
  await check(cases);
  await check([
    [`delta(hint{is="unknown"}[3m])`, [`this native histogram metric is not a gauge: "hint" (1:7)`], []],
    [`delta(hint{is="gauge"}[3m])`, [], []],
    [`delta(hint{is="gauge-first"}[3m])`, [`this native histogram metric is not a gauge: "hint" (1:7)`], []],
    [`delta(turned_count[1m1s])`, [`${MIXED} metric name "turned_count" (1:7)`], []],
    [`irate(turned_count[1m1s])`, [`${MIXED} metric name "turned_count" (1:7)`], []],
    [`irate(layouts{is="both"}[1m1s])`, [], []],
    [`irate(layouts{is="bounds"}[1m1s])`, [], [
      "mismatched custom buckets were reconciled during subtraction (1:7)",
    ]],
    [`irate(layouts{is="reset"}[1m1s])`, [], []],
    [
      `irate(hint{is="gauge-last"}[1m1s])`,
      [`this native histogram metric is not a counter: "hint" (1:7)`],
      [],
    ],
    [
      `idelta(hint{is="gauge-last"}[1m1s])`,
      [`this native histogram metric is not a gauge: "hint" (1:8)`],
      [],
    ],
    [`idelta(hint{is="gauge"}[1m1s])`, [], []],
    [`sum_over_time(turned_count[1m1s])`, [`${MIXED} metric name "turned_count" (1:15)`], []],
    [`avg_over_time(layouts{is="both"}[1m1s])`, [`${SCHEMAS} "layouts" (1:15)`], []],
    [
      `avg_over_time(layouts{is="bounds"}[1m1s])`,
      [],
      ["mismatched custom buckets were reconciled during aggregation (1:15)"],
    ],
    ...["min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time", "deriv"].map((
      name,
    ): Case => [
      `${name}(turned_count[1m1s])`,
      [],
      [`${IGNORED} "turned_count" (1:${name.length + 2})`],
    ]),
    [`min_over_time(mix{type="histogram"}[1m1s])`, [], []],
    [`predict_linear(turned_count[1m1s], 5)`, [], [`${IGNORED} "turned_count" (1:16)`]],
    [`double_exponential_smoothing(turned_count[1m1s], 0.5, 0.5)`, [], [`${IGNORED} "turned_count" (1:30)`]],
    [
      `quantile_over_time(1.2, turned_count[1m1s])`,
      ["quantile value should be between 0 and 1, got 1.2 (1:20)"],
      [`${IGNORED} "turned_count" (1:25)`],
    ],
    [
      "rate(turned_count[1m1s]) + rate(turned_other_count[1m1s])\n + rate(plain[1m1s]) + rate(other_plain[1m1s])",
      [`${MIXED} metric name "turned_count" (1:6)`, `${MIXED} metric name "turned_other_count" (1:33)`],
      [`${NO_SUFFIX} "plain" (2:9)`, `${NO_SUFFIX} "other_plain" (2:29)`],
    ],
  ]);
});

function told(op: string, left: string, right: string, taken: boolean): string[] {
  return taken
    ? []
    : [`incompatible sample types encountered for binary operator "${op}": ${left} ${op} ${right} (1:1)`];
}

Deno.test("operators remark on histograms that they cannot take", async () => {
  const ops: readonly (readonly [op: string, fh: boolean, hf: boolean, hh: boolean])[] = [
    ["+", false, false, true],
    ["-", false, false, true],
    ["*", true, true, false],
    ["/", false, true, false],
    ["^", false, false, false],
    ["%", false, false, false],
    ["atan2", false, false, false],
    ["==", false, false, true],
    ["!=", false, false, true],
    [">", false, false, false],
    ["<", false, false, false],
    [">=", false, false, false],
    ["<=", false, false, false],
  ];
  const cases: Case[] = [];
  for (const [op, floatHistogram, histogramFloat, both] of ops) {
    const forms = /[=<>]/.test(op) ? [op, `${op} bool`] : [op];
    for (const form of forms) {
      cases.push(
        [`2 ${form} mix{type="histogram"}`, [], told(op, "float", "histogram", floatHistogram)],
        [`mix{type="histogram"} ${form} 2`, [], told(op, "histogram", "float", histogramFloat)],
      );
      for (const group of ["", "group_left", "group_right"]) {
        const match = `${form} ignoring(type) ${group}`;
        const float = `mix{type="float"}`;
        const histogram = `mix{type="histogram"}`;
        cases.push(
          [`${float} ${match} ${float}`, [], []],
          [`${float} ${match} ${histogram}`, [], told(op, "float", "histogram", floatHistogram)],
          [`${histogram} ${match} ${float}`, [], told(op, "histogram", "float", histogramFloat)],
          [`${histogram} ${match} ${histogram}`, [], told(op, "histogram", "histogram", both)],
        );
        if (op !== "+" && op !== "-") continue;
        const what = op === "+" ? "addition" : "subtraction";
        cases.push(
          [
            `${histogram} ${match} mix{type="custom"}`,
            [`incompatible bucket layout encountered for binary operator ${op} (1:1)`],
            [],
          ],
          [
            `mix{type="custom"} ${match} mix{type="other"}`,
            [],
            [`mismatched custom buckets were reconciled during ${what} (1:1)`],
          ],
        );
      }
    }
  }
  await check(cases);
});

Deno.test("quantiles of histograms remark on buckets, with the metric's name only while it has one", async () => {
  for (const named of [false, true]) {
    const name = named ? ` for metric name "classic"` : "";
    const fixed = ", from buckets 1 to +Inf, with a max diff of 1, over 1 samples " +
      "from 1970-01-01T00:01:00Z to 1970-01-01T00:01:00Z";
    await check([
      [
        `histogram_quantile(0.5, classic{host="c"})`,
        [`bucket label "le" is missing or has a malformed value of "abc"${name} (1:25)`],
        [],
      ],
      [
        `histogram_quantile(0.5, classic{host="b"})`,
        [`bucket label "le" is missing or has a malformed value of ""${name} (1:25)`],
        [],
      ],
      [
        `histogram_quantile(9, classic{host="a"})`,
        [
          "quantile value should be between 0 and 1, got 9 (1:20)",
          `vector contains a mix of classic and native histograms${name} (1:23)`,
        ],
        [],
      ],
      [`histogram_quantile(0.5, classic{host="d"})`, [], [`${FORCED}${name}${fixed} (1:25)`]],
      [
        `histogram_quantile(2, classic{host="d"})`,
        ["quantile value should be between 0 and 1, got 2 (1:20)"],
        [],
      ],
    ], { delayedNameRemoval: named });
  }
});

Deno.test("observations that are no numbers are remarked on", async () => {
  for (const named of [false, true]) {
    const name = named ? ` for metric name "nans"` : "";
    await check([
      [
        `histogram_quantile(0.9, nans)`,
        [],
        [`input to histogram_quantile has NaN observations, result is NaN${name} (1:25)`],
      ],
      [
        `histogram_quantile(0.5, nans)`,
        [],
        [`input to histogram_quantile has NaN observations, result is skewed higher${name} (1:25)`],
      ],
      [
        `histogram_quantiles(nans, "q", 0.5)`,
        [],
        [`input to histogram_quantile has NaN observations, result is skewed higher${name} (1:21)`],
      ],
      [
        `histogram_fraction(0, 1, nans)`,
        [],
        [
          "input to histogram_fraction has NaN observations, which are excluded from all fractions" +
          `${name} (1:26)`,
        ],
      ],
    ], { delayedNameRemoval: named });
  }
});

Deno.test("with types as labels, a gauge is known by its type and not by its name", async () => {
  const text = 'metric might not be a counter, __type__ label is not set to "counter" or "histogram", got';
  await check([
    ["rate(typed[1m1s])", [], [`${text} "gauge": "typed" (1:6)`]],
    ['increase(typed{i="2"}[1m1s])', [], []],
    ['increase(typed{i="3"}[1m1s])', [], []],
    ["rate(plain_total[1m1s])", [], [`${text} "": "plain_total" (1:6)`]],
  ], { typeAndUnitLabels: true });
});
