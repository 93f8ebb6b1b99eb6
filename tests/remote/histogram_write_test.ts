import assert, { deepStrictEqual, strictEqual } from "node:assert/strict";
import { PbfWriter } from "pbf";
import fc from "fast-check";
import {
  type FloatHistogram,
  histogramsEqual,
  reduceResolution,
} from "../../lib/model/histogram/float_histogram.ts";
import { histogramAt, putHistogram } from "../../lib/model/histogram_cell.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { isStale, wordsOf } from "../../lib/model/stale.ts";
import { WriteReceiver } from "../../lib/remote/receiver.ts";
import { encodeSnappy } from "../../lib/remote/snappy_block.ts";
import { WriteDecoder } from "../../lib/remote/write_decoder.ts";
import { encodeWriteRequest, type WriteSeries } from "../../lib/remote/write_request.ts";
import { anyHistogram, latency } from "../storage/histogram_samples.ts";
import { FakeStorage, silentLog } from "./fixtures.ts";

const NOW_MS = 1_700_000_000_000;
const pacing = { monotonicMs: () => 0, yieldToLoop: () => Promise.resolve() };

function receiverOf(storage: FakeStorage): WriteReceiver {
  return new WriteReceiver({ append: storage.append, log: silentLog, ...pacing });
}

function seriesOf(name: string, samples: readonly (number | FloatHistogram)[]): WriteSeries {
  const values = new Float64Array(samples.length);
  const histograms: FloatHistogram[] = [];
  samples.forEach((sample, i) => {
    if (typeof sample === "number") values[i] = sample;
    else putHistogram(wordsOf(values), i, histograms, sample);
  });
  const tMs = Float64Array.from(samples, (_, i) => 1000 * (i + 1));
  return { labels: labelsFromRecord({ __name__: name, job: "j" }), tMs, values, histograms };
}

/** Whole counts that buckets and count agree on: what a client may send. */
function consistent(h: FloatHistogram): FloatHistogram {
  if (h.fromIntegers !== true) return h;
  const small = (buckets: FloatHistogram["positive"]) => ({
    indexes: buckets.indexes,
    counts: buckets.counts.map((count) => count % 1e6),
  });
  const [positive, negative, zeroCount] = [small(h.positive), small(h.negative), h.zeroCount % 1e6];
  let count = zeroCount;
  for (const side of [positive, negative]) for (const one of side.counts) count += one;
  return { ...h, positive, negative, zeroCount, count };
}

Deno.test("any histogram comes out of a write request as it went in, beside floats", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyHistogram, fc.constant(1.5)), { minLength: 1, maxLength: 6 }), (any) => {
      const samples = any.map((sample) => typeof sample === "number" ? sample : consistent(sample));
      const decoded = new WriteDecoder().decode(encodeWriteRequest([seriesOf("m", samples)]));
      strictEqual(decoded.sampleCount, samples.length);
      samples.forEach((sample, i) => {
        const got = histogramAt(decoded.sampleWords, i, decoded.histograms);
        if (typeof sample === "number") return strictEqual(got, undefined);
        assert(got !== undefined);
        const finest = sample.schema > 8 ? reduceResolution(sample, 8) : sample;
        assert(histogramsEqual(got, finest), JSON.stringify([got, finest]));
        deepStrictEqual([got.counterResetHint, got.fromIntegers], [
          sample.counterResetHint,
          sample.fromIntegers,
        ]);
      });
    }),
  );
});

Deno.test("histograms are stored in the rows of their times, and counted apart in the answer", async () => {
  const storage = new FakeStorage();
  const receiver = receiverOf(storage);
  const body = encodeWriteRequest([seriesOf("m", [latency(1), latency(2)]), seriesOf("n", [1, latency(3)])]);
  const answer = await receiver.receive(encodeSnappy(body), NOW_MS);
  deepStrictEqual([answer.status, answer.samplesWritten, answer.histogramsWritten], [204, 1, 3]);
  const [batch] = storage.batches;
  const counts = batch!.rows.map((row) =>
    [...row.values].map((value, i) => histogramAt(wordsOf(row.values), i, row.histograms)?.zeroCount ?? value)
  );
  deepStrictEqual(counts, [[1, 1], [2, 3]]);
  strictEqual(receiver.stats.histograms, 3);
});

/** One series with one `Histogram` message of these fields. */
function requestWith(write: (histogram: PbfWriter) => void): Uint8Array<ArrayBuffer> {
  const writer = new PbfWriter();
  writer.writeMessage(1, (_: null, series: PbfWriter) => {
    series.writeMessage(1, (__: null, label: PbfWriter) => {
      label.writeStringField(1, "__name__");
      label.writeStringField(2, "m");
    }, null);
    series.writeMessage(4, (__: null, histogram: PbfWriter) => write(histogram), null);
  }, null);
  return encodeSnappy(new Uint8Array(writer.finish()));
}

Deno.test("an invalid histogram refuses the whole request, in Prometheus's words", async () => {
  const storage = new FakeStorage();
  const receiver = receiverOf(storage);
  const bad: readonly (readonly [(histogram: PbfWriter) => void, RegExp])[] = [
    [(h) => h.writeVarintField(1, 3), /0 observations found in buckets, but the Count field is 3/],
    [(h) => h.writeSVarintField(4, 77), /histogram has an invalid schema, which must be between -9 and 52/],
    [(h) => h.writePackedSVarint(12, [1]), /positive side: spans need 0 buckets, have 1 buckets/],
    [(h) => h.writeDoubleField(2, -1), /histogram's observation count is negative/],
  ];
  for (const [write, text] of bad) {
    const answer = await receiver.receive(requestWith(write), NOW_MS);
    strictEqual(answer.status, 400);
    assert.match(answer.text, text);
  }
  strictEqual(storage.batches.length, 0);
});

Deno.test("a histogram whose sum is the stale marker ends its series", () => {
  const body = new PbfWriter();
  body.writeMessage(1, (_: null, series: PbfWriter) => {
    series.writeMessage(1, (__: null, label: PbfWriter) => {
      label.writeStringField(1, "__name__");
      label.writeStringField(2, "m");
    }, null);
    series.writeMessage(4, (__: null, h: PbfWriter) => {
      h.writeTag(3, 1);
      h.writeFixed32(2);
      h.writeFixed32(0x7ff00000);
      h.writeVarintField(15, 1000);
    }, null);
  }, null);
  const decoded = new WriteDecoder().decode(new Uint8Array(body.finish()));
  deepStrictEqual([decoded.sampleCount, decoded.histograms.length], [1, 0]);
  assert(isStale(decoded.sampleWords, 0));
});

Deno.test("exemplars of a write go with their series' samples, and to known series without", async () => {
  const storage = new FakeStorage();
  const receiver = receiverOf(storage);
  const bodyWith = (hasSample: boolean) => {
    const writer = new PbfWriter();
    const label = (name: string, value: string) => (_: null, inner: PbfWriter) => {
      inner.writeStringField(1, name);
      inner.writeStringField(2, value);
    };
    writer.writeMessage(1, (_: null, series: PbfWriter) => {
      series.writeMessage(1, label("__name__", "m"), null);
      if (hasSample) {
        series.writeMessage(2, (__: null, sample: PbfWriter) => sample.writeVarintField(2, 1000), null);
      }
      series.writeMessage(3, (__: null, exemplar: PbfWriter) => {
        exemplar.writeMessage(1, label("trace_id", "ü"), null);
        exemplar.writeDoubleField(2, 1.5);
        exemplar.writeVarintField(3, 999);
      }, null);
    }, null);
    return encodeSnappy(new Uint8Array(writer.finish()));
  };
  strictEqual((await receiver.receive(bodyWith(false), NOW_MS)).exemplarsWritten, 0);
  strictEqual((await receiver.receive(bodyWith(true), NOW_MS)).exemplarsWritten, 1);
  strictEqual((await receiver.receive(bodyWith(false), NOW_MS)).exemplarsWritten, 1);
  const expected = { labels: ["trace_id", "ü"], value: 1.5, tMs: 999, hasTime: true };
  deepStrictEqual(storage.batches.map(({ exemplars }) => exemplars), [
    [{ ...expected, ref: 0x8000_0000 }],
    [{ ...expected, ref: 0 }],
  ]);
});
