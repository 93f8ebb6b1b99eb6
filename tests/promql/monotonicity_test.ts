import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { MonotonicityRemark, twoDigits } from "../../lib/promql/monotonicity.ts";

Deno.test("falling buckets are remarked on once a metric, with their bounds, times and the largest difference", () => {
  const remark = new MonotonicityRemark("series_1");
  remark.add(1_735_084_800_000, { minBound: 5, maxBound: 50, maxDifference: 5.5 });
  remark.add(1_703_462_400_000, { minBound: 10, maxBound: 100, maxDifference: 10 });
  remark.add(1_733_011_200_000, { minBound: 2.5, maxBound: 75, maxDifference: 7.5 });
  strictEqual(
    remark.text,
    "input to histogram_quantile needed to be fixed for monotonicity (see " +
      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name " +
      '"series_1", from buckets 2.5 to 100, with a max diff of 10, over 3 samples ' +
      "from 2023-12-25T00:00:00Z to 2024-12-25T00:00:00Z",
  );
});

Deno.test("two digits are printed as Go prints them", () => {
  deepStrictEqual(
    [0, 10, 99.4, 99.6, 123, 0.25, 0.000123, 0.0000123, 1e21, Infinity].map(twoDigits),
    ["0", "10", "99", "1e+02", "1.2e+02", "0.25", "0.00012", "1.2e-05", "1e+21", "+Inf"],
  );
});
