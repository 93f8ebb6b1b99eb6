/** Nanoseconds a sample to turn a remote-write request into batches: 500 series with 20 samples, and with one. */
import { labelsFromRecord } from "../lib/model/labels.ts";
import { decodeSnappy, encodeSnappy } from "../lib/remote/snappy_block.ts";
import { learnRefs, writeBatchesOf } from "../lib/remote/write_batches.ts";
import { WriteDecoder } from "../lib/remote/write_decoder.ts";
import { encodeWriteRequest } from "../lib/remote/write_request.ts";

for (const points of [20, 1]) {
  const series = Array.from({ length: 500 }, (_, s) => ({
    labels: labelsFromRecord({
      __name__: "node_cpu_seconds_total",
      cpu: String(s % 8),
      instance: `host-${String(s >> 6).padStart(4, "0")}`,
      job: "node",
      mode: `mode${s % 64}`,
      zone: "zone-1",
    }),
    tMs: Float64Array.from({ length: points }, (_, i) => 1_700_000_000_000 + i * 15_000),
    values: Float64Array.from({ length: points }, (_, i) => Math.round((s * 3.7 + i) * 100) / 100),
  }));
  const body = encodeSnappy(encodeWriteRequest(series));
  const decoder = new WriteDecoder();
  let best = Infinity;
  for (let run = 0; run < 200; run++) {
    const startMs = performance.now();
    const writes = writeBatchesOf(decoder.decode(decodeSnappy(body, 1 << 25)));
    best = Math.min(best, performance.now() - startMs);
    for (const write of writes) {
      const refs = Uint32Array.from(write.defined, (_, i) => i);
      learnRefs(write, {
        kind: "appended",
        epoch: 1,
        refs: write.defined.length > 0 ? refs : new Uint32Array(0),
        counts: { appended: 0, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 },
      });
    }
  }
  console.log(`${points} samples a series: ${(best * 1e6 / (500 * points)).toFixed(1)} ns a sample`);
}
