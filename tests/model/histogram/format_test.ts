import assert from "node:assert/strict";
import fc from "fast-check";
import { apiHistogram, writeApiHistogram } from "../../../lib/model/histogram/api_form.ts";
import { compact, histogramsEqual } from "../../../lib/model/histogram/float_histogram.ts";
import { formatDescription, formatHistogram } from "../../../lib/model/histogram/format.ts";
import { arbitraryHistogram, histogram } from "./samples.ts";

Deno.test("a histogram prints as Go prints it", () => {
  for (
    const [notation, text] of [
      ["{{}}", "{count:0, sum:0}"],
      [
        "{{schema:0 sum:10 count:20 z_bucket_w:0.001 z_bucket:2 buckets:[1 2] n_buckets:[1 2]}}",
        "{count:20, sum:10, [-2,-1):2, [-1,-0.5):1, [-0.001,0.001]:2, (0.5,1]:1, (1,2]:2}",
      ],
      [
        "{{schema:1 sum:1e7 count:3 offset:1 buckets:[1 0 2]}}",
        "{count:3, sum:1e+07, (1,1.414213562373095]:1, (2,2.82842712474619]:2}",
      ],
      [
        "{{schema:-53 sum:1 count:6 custom_values:[-5 10] buckets:[1 2 3]}}",
        "{count:6, sum:1, [-Inf,-5]:1, (-5,10]:2, (10,+Inf]:3}",
      ],
      [
        "{{schema:-53 sum:1 count:3 custom_values:[5 10] offset:1 buckets:[1 2]}}",
        "{count:3, sum:1, (5,10]:1, (10,+Inf]:2}",
      ],
      [
        "{{schema:0 count:1 sum:NaN z_bucket:-1 z_bucket_w:2 buckets:[1]}}",
        "{count:1, sum:NaN, [-2,2]:-1, (0.5,1]:1}",
      ],
    ] as const
  ) {
    assert.equal(formatHistogram(histogram(notation)), text);
  }
});

Deno.test("a histogram prints in the script notation", () => {
  for (
    const text of [
      "{{}}",
      "{{schema:1 count:22 sum:3.5 z_bucket:1 z_bucket_w:0.001 offset:-2 buckets:[5 10 7] n_offset:3 n_buckets:[1 2]}}",
      "{{schema:-53 count:3 sum:+Inf custom_values:[5 10] counter_reset_hint:gauge offset:1 buckets:[1 2]}}",
      "{{schema:-53 custom_values:[]}}",
    ]
  ) {
    assert.equal(formatDescription(histogram(text)), text);
  }
  assert.equal(
    formatDescription(histogram("{{count:1 offset:1 buckets:[0 0 1 0]}}")),
    "{{count:1 offset:3 buckets:[1]}}",
  );
});

Deno.test("a row of buckets too long to read is not written out", () => {
  const far = { indexes: Int32Array.of(-1e9, 1e9), counts: Float64Array.of(1, 1) };
  const text = formatDescription({ ...histogram("{{count:2 sum:1}}"), positive: far });
  assert.equal(text, "{count:2, sum:1, (0,0):1, (+Inf,+Inf]:1}");
});

Deno.test("what the notation prints reads back as the same histogram", () => {
  fc.assert(fc.property(arbitraryHistogram, (h) => {
    const back = histogram(formatDescription(h));
    assert.ok(histogramsEqual(compact(h), compact(back)), formatDescription(h));
    assert.equal(back.counterResetHint, h.counterResetHint);
  }));
});

Deno.test("the API answers buckets with their bounds and the rule that says which belong to them", () => {
  const h = histogram("{{sum:10 count:20 z_bucket_w:0.6 z_bucket:2 buckets:[1 2] n_buckets:[1 0 2]}}");
  assert.deepEqual(apiHistogram(h), {
    count: "20",
    sum: "10",
    buckets: [
      [1, "-4", "-2", "2"],
      [1, "-1", "-0.6", "1"],
      [3, "-0.6", "0.6", "2"],
      [0, "0.6", "1", "1"],
      [0, "1", "2", "2"],
    ],
  });
  assert.equal(
    writeApiHistogram(histogram("{{schema:-53 sum:1e30 count:3 custom_values:[5] buckets:[1 2]}}")),
    '{"count":"3","sum":"1e+30","buckets":[[3,"-Inf","5","1"],[0,"5","+Inf","2"]]}',
  );
  assert.equal(writeApiHistogram(histogram("{{buckets:[0 0]}}")), '{"count":"0","sum":"0"}');
});
