import assert, { deepStrictEqual, strictEqual } from "node:assert/strict";
import { PbfWriter } from "pbf";
import fc from "fast-check";
import { formatLabels, labelsFromRecord } from "../../lib/model/labels.ts";
import { setStale, wordsOf } from "../../lib/model/stale.ts";
import { WriteReceiver } from "../../lib/remote/receiver.ts";
import { CACHED_SERIES_MAX } from "../../lib/remote/series_cache.ts";
import { encodeSnappy } from "../../lib/remote/snappy_block.ts";
import { cohortNameOf } from "../../lib/remote/write_decoder.ts";
import { encodeWriteRequest, type WriteSeries } from "../../lib/remote/write_request.ts";
import { FakeStorage, NOTHING, silentLog } from "./fixtures.ts";

const NOW_MS = 1_700_000_000_000;

function seriesOf(
  labels: Record<string, string>,
  points: readonly (readonly [number, number])[],
): WriteSeries {
  return {
    labels: labelsFromRecord(labels),
    tMs: Float64Array.from(points, ([tMs]) => tMs),
    values: Float64Array.from(points, ([, value]) => value),
  };
}

function bodyOf(...series: readonly WriteSeries[]): Uint8Array<ArrayBuffer> {
  return encodeSnappy(encodeWriteRequest(series));
}

const pacing = { monotonicMs: () => 0, yieldToLoop: () => Promise.resolve() };

function setUp(): { storage: FakeStorage; receiver: WriteReceiver } {
  const storage = new FakeStorage();
  return { storage, receiver: new WriteReceiver({ append: storage.append, log: silentLog, ...pacing }) };
}

Deno.test("a write lands in one cohort a job and instance, in rows by rising time", async () => {
  const { storage, receiver } = setUp();
  const answer = await receiver.receive(
    bodyOf(
      seriesOf({ __name__: "a", job: "node", instance: "h:1" }, [[2000, 2], [3000, 3]]),
      seriesOf({ __name__: "b", job: "node", instance: "h:1" }, [[1000, 10], [2000, 20]]),
      seriesOf({ __name__: "c", job: "api" }, [[5000, 5]]),
    ),
    NOW_MS,
  );
  deepStrictEqual(answer, {
    status: 204,
    text: "",
    samplesWritten: 5,
    histogramsWritten: 0,
    exemplarsWritten: 0,
  });
  deepStrictEqual(
    storage.batches.map(({ cohort, rows }) => [cohort, rows.map(({ tMs, values }) => [tMs, [...values]])]),
    [
      ["write/node/h:1", [[1000, [10]], [2000, [2, 20]], [3000, [3]]]],
      ["write/api/", [[5000, [5]]]],
    ],
  );
});

Deno.test("a series that storage knows is sent by its column, a new one beside it is defined", async () => {
  const { storage, receiver } = setUp();
  const a = { __name__: "a", job: "j" };
  await receiver.receive(bodyOf(seriesOf(a, [[1000, 1]])), NOW_MS);
  await receiver.receive(
    bodyOf(seriesOf(a, [[2000, 2]]), seriesOf({ __name__: "b", job: "j" }, [[2000, 3]])),
    NOW_MS,
  );
  strictEqual(storage.batches[1]!.epoch, 1);
  deepStrictEqual(storage.batches[1]!.defined.map(formatLabels), ['b{job="j"}']);
  deepStrictEqual(storage.samples.map(({ labels, tMs, value }) => [labels, tMs, value]), [
    ['a{job="j"}', 1000, 1],
    ['a{job="j"}', 2000, 2],
    ['b{job="j"}', 2000, 3],
  ]);
});

Deno.test("a request with more new series than are remembered brings its samples in one batch a cohort all the same", async () => {
  const { storage, receiver } = setUp();
  const count = CACHED_SERIES_MAX + 10;
  const series = Array.from(
    { length: count },
    (_, i) => seriesOf({ __name__: "a", job: "j", i: String(i) }, [[1000, i]]),
  );
  // The first series once more, after so many others.
  series.push(seriesOf({ __name__: "a", job: "j", i: "0" }, [[2000, 7]]));
  for (const epochs of [1, 2]) {
    strictEqual((await receiver.receive(bodyOf(...series), NOW_MS)).status, 204);
    strictEqual(storage.batches.filter(({ rows }) => rows.length > 0).length, epochs);
  }
  const [first] = storage.batches.filter(({ rows }) => rows.length > 0);
  strictEqual(first!.rows[0]!.refs.length, count);
});

Deno.test("when storage has begun anew, the request is sent again with all series defined", async () => {
  const { storage, receiver } = setUp();
  const a = { __name__: "a", job: "j" };
  await receiver.receive(bodyOf(seriesOf(a, [[1000, 1]])), NOW_MS);
  storage.restart();
  // the second cohort is new and so has no wrong epoch, but is kept back with the first
  const other = seriesOf({ __name__: "b", job: "other" }, [[2000, 3]]);
  const answer = await receiver.receive(bodyOf(seriesOf(a, [[2000, 2]]), other), NOW_MS);
  deepStrictEqual(answer, {
    status: 204,
    text: "",
    samplesWritten: 2,
    histogramsWritten: 0,
    exemplarsWritten: 0,
  });
  deepStrictEqual(
    storage.batches.map(({ cohort, epoch, defined }) => [cohort, epoch, defined.length]),
    [["write/j/", 0, 1], ["write/j/", 0, 1], ["write/other/", 0, 1]],
  );
  deepStrictEqual(storage.samples.map(({ value }) => value), [1, 2, 3]);
});

Deno.test("staleness markers keep their bits and other NaNs become the ordinary one", async () => {
  const { storage, receiver } = setUp();
  const values = new Float64Array(4);
  const words = wordsOf(values);
  setStale(words, 0);
  words[2] = 0x000ab5e7; // the pattern that means "absent" inside storage must not come in from outside
  words[3] = 0x7ff80000;
  values[2] = -Infinity;
  values[3] = -0;
  await receiver.receive(
    bodyOf({ labels: ["__name__", "m"], tMs: Float64Array.of(1, 2, 3, 4), values }),
    NOW_MS,
  );
  deepStrictEqual(storage.samples.map(({ high, low }) => [high, low]), [
    [0x7ff00000, 2],
    [0x7ff80000, 1],
    [0xfff00000, 0],
    [0x80000000, 0],
  ]);
});

Deno.test("labels are sorted, empty ones dropped; series with invalid labels are skipped and counted", async () => {
  const { storage, receiver } = setUp();
  const points = [[1000, 1]] as const;
  const ok: WriteSeries = {
    ...seriesOf({}, points),
    labels: ["job", "j", "empty", "", "__name__", "m", "a.b", "ü"],
  };
  const nameless = seriesOf({ job: "j" }, points);
  const twice: WriteSeries = { ...seriesOf({}, points), labels: ["__name__", "m", "x", "1", "x", "2"] };
  const unnamed: WriteSeries = { ...seriesOf({}, points), labels: ["", "v", "__name__", "m"] };
  const answer = await receiver.receive(bodyOf(ok, nameless, twice, unnamed), NOW_MS);
  deepStrictEqual([answer.status, answer.samplesWritten], [204, 1]);
  deepStrictEqual(storage.samples.map(({ labels }) => labels), ['m{"a.b"="ü", job="j"}']);
  strictEqual(receiver.stats.invalidLabelSamples, 3);
});

Deno.test("within a request the first sample of a series at a time wins", async () => {
  const { storage, receiver } = setUp();
  const labels = { __name__: "m" };
  await receiver.receive(
    bodyOf(seriesOf(labels, [[1000, 1], [1000, 2], [500, 3]]), seriesOf(labels, [[500, 4]])),
    NOW_MS,
  );
  deepStrictEqual(storage.samples.map(({ tMs, value }) => [tMs, value]), [[500, 3], [1000, 1]]);
});

Deno.test("a sample more than ten minutes ahead refuses the whole request", async () => {
  const { storage, receiver } = setUp();
  const labels = { __name__: "m" };
  const ahead = await receiver.receive(
    bodyOf(seriesOf(labels, [[NOW_MS, 1], [NOW_MS + 600_001, 2]])),
    NOW_MS,
  );
  deepStrictEqual([ahead.status, ahead.text], [400, "out of bounds: timestamp is too far in the future"]);
  strictEqual(storage.batches.length, 0);
  strictEqual(
    (await receiver.receive(bodyOf(seriesOf(labels, [[NOW_MS + 600_000, 1]])), NOW_MS)).status,
    204,
  );
});

Deno.test("what storage refuses is a 400 with Prometheus's text, what it cannot do a 500", async () => {
  const { storage, receiver } = setUp();
  const body = () => bodyOf(seriesOf({ __name__: "m" }, [[1000, 1]]));
  const cases = [
    [{ ...NOTHING, outOfOrder: 1 }, "", "out of order sample"],
    [{ ...NOTHING, tooOld: 1 }, "", "too old sample"],
    [{ ...NOTHING, outOfBounds: 1 }, "before 5", "out of bounds: before 5"],
    [
      { ...NOTHING, duplicate: 1 },
      "duplicate sample for timestamp 1000",
      "duplicate sample for timestamp 1000",
    ],
  ] as const;
  for (const [counts, reason, text] of cases) {
    storage.answer = () => [{ kind: "refused", counts, reason }];
    deepStrictEqual(await receiver.receive(body(), NOW_MS), {
      status: 400,
      text,
      samplesWritten: 0,
      histogramsWritten: 0,
      exemplarsWritten: 0,
    });
  }
  for (
    const [limit, status] of [["windowBytesMax", 503], ["seriesMax", 429], [
      "LABELS_PER_SERIES_MAX",
      400,
    ]] as const
  ) {
    storage.answer = () => [{ kind: "limited", limit, reason: "why" }];
    deepStrictEqual(await receiver.receive(body(), NOW_MS), {
      status,
      text: `${limit}: why`,
      samplesWritten: 0,
      histogramsWritten: 0,
      exemplarsWritten: 0,
    });
  }
  storage.answer = () => [
    { kind: "refused", counts: NOTHING, reason: "another part of the request was refused" },
    { kind: "refused", counts: { ...NOTHING, duplicate: 2 }, reason: "" },
  ];
  strictEqual((await receiver.receive(body(), NOW_MS)).text, "duplicate sample for timestamp");
  storage.answer = () => {
    throw new Error("store is gone");
  };
  deepStrictEqual(await receiver.receive(body(), NOW_MS), {
    status: 500,
    text: "store is gone",
    samplesWritten: 0,
    histogramsWritten: 0,
    exemplarsWritten: 0,
  });
});

Deno.test("bodies that are no snappy, no protobuf, or too large are refused with a reason", async () => {
  const { receiver } = setUp();
  const garbage = await receiver.receive(Uint8Array.of(0x85, 0x80, 0x80), NOW_MS);
  deepStrictEqual([garbage.status, garbage.text], [400, "snappy: corrupt input"]);
  // a header that announces 33 MiB
  const large = await receiver.receive(Uint8Array.of(0x80, 0x80, 0x80, 0x88 + 0x08, 0x01, 0x00), NOW_MS);
  strictEqual(large.status, 400);
  assert.match(large.text, /^snappy: decoded block is too large: [0-9]+ bytes, at most 33554432$/);
  const truncated = encodeWriteRequest([seriesOf({ __name__: "m" }, [[1000, 1]])]).slice(0, -3);
  const cut = await receiver.receive(encodeSnappy(truncated), NOW_MS);
  strictEqual(cut.status, 400);
  assert.match(cut.text, /^proto: cannot parse WriteRequest at byte [0-9]+: /);
});

Deno.test("exemplars and metadata are counted", async () => {
  const { storage, receiver } = setUp();
  const withField = (field: number) => {
    const writer = new PbfWriter();
    writer.writeMessage(1, (_: null, inner: PbfWriter) => {
      inner.writeMessage(1, (__: null, label: PbfWriter) => {
        label.writeStringField(1, "__name__");
        label.writeStringField(2, "m");
      }, null);
      inner.writeMessage(2, (__: null, sample: PbfWriter) => {
        sample.writeDoubleField(1, 1.5);
        sample.writeVarintField(2, 1000);
      }, null);
      inner.writeBytesField(field, Uint8Array.of(0x18, 0x05));
    }, null);
    writer.writeBytesField(3, Uint8Array.of(0x08, 0x01));
    return encodeSnappy(new Uint8Array(writer.finish()));
  };
  strictEqual((await receiver.receive(withField(3), NOW_MS)).status, 204);
  deepStrictEqual([receiver.stats.exemplars, receiver.stats.metadataIgnored], [1, 1]);
  strictEqual(storage.samples.length, 1);
});

Deno.test("labels that stand after samples are found all the same", async () => {
  const { storage, receiver } = setUp();
  const writer = new PbfWriter();
  const label = (name: string, value: string) => (_: null, inner: PbfWriter) => {
    inner.writeStringField(1, name);
    inner.writeStringField(2, value);
  };
  writer.writeMessage(1, (_: null, inner: PbfWriter) => {
    inner.writeMessage(1, label("__name__", "m"), null);
    inner.writeMessage(2, (__: null, sample: PbfWriter) => {
      sample.writeVarintField(2, 1000);
      sample.writeDoubleField(1, 7);
    }, null);
    inner.writeMessage(1, label("job", "late"), null);
  }, null);
  await receiver.receive(encodeSnappy(new Uint8Array(writer.finish())), NOW_MS);
  deepStrictEqual(storage.samples.map(({ labels, value }) => [labels, value]), [['m{job="late"}', 7]]);
});

Deno.test("content types and encodings that are not of version 1 are refused before the body", () => {
  const { receiver } = setUp();
  const refusal = (contentType: string, contentEncoding: string) =>
    receiver.refuseHead({ contentType, contentEncoding })?.text;
  strictEqual(refusal("", ""), undefined);
  strictEqual(refusal("application/x-protobuf;proto=prometheus.WriteRequest", "snappy"), undefined);
  strictEqual(
    refusal("text/plain", "snappy"),
    "expected application/x-protobuf as the first (media) part, got text/plain content-type",
  );
  strictEqual(
    refusal("application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy"),
    "io.prometheus.write.v2.Request protobuf message is not accepted by this server; only accepts prometheus.WriteRequest",
  );
  assert.match(
    refusal("application/x-protobuf;proto=x", "")!,
    /unknown type for remote write protobuf message x/,
  );
  strictEqual(
    refusal("application/x-protobuf", "gzip"),
    "gzip encoding (compression) is not accepted by this server; only snappy is acceptable",
  );
});

Deno.test("a cohort name never exceeds its bytes, and long ones stay apart", () => {
  const name = (job: string) => cohortNameOf(["instance", "i", "job", job]);
  assert.ok(new TextEncoder().encode(name("ü".repeat(10_000))).length <= 512);
  assert.notEqual(name("x".repeat(600) + "a"), name("x".repeat(600) + "b"));
});

Deno.test("what is encoded is what storage gets", async () => {
  const labelText = fc.string({ minLength: 1, maxLength: 8, unit: "binary" }).filter((text) =>
    text.isWellFormed()
  );
  const arbitrary = fc.array(
    fc.record({
      metric: labelText,
      job: fc.constantFrom("a", "b", ""),
      points: fc.uniqueArray(
        fc.tuple(fc.integer({ min: -1_000_000, max: NOW_MS }), fc.double({ noNaN: true })),
        { selector: ([tMs]) => tMs, maxLength: 20 },
      ),
    }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(arbitrary, async (list) => {
      const { storage, receiver } = setUp();
      const unique = new Map(list.map((one) => [`${one.metric} ${one.job}`, one]));
      const series = [...unique.values()].map(({ metric, job, points }) =>
        seriesOf({ __name__: metric, job }, points)
      );
      for (let round = 1; round <= 2; round++) {
        strictEqual((await receiver.receive(bodyOf(...series), NOW_MS)).status, 204);
      }
      const want = series.flatMap(({ labels, tMs, values }) =>
        [...values].map((value, i) =>
          `${formatLabels(labels)} ${tMs[i]} ${Object.is(value, -0) ? "-0" : value}`
        )
      );
      const got = storage.samples.map(({ labels, tMs, value }) =>
        `${labels} ${tMs} ${Object.is(value, -0) ? "-0" : value}`
      );
      deepStrictEqual(got.sort(), [...want, ...want].sort());
    }),
    { numRuns: 25 },
  );
});

Deno.test("very many new series are defined some at a time, and the loop turns while they are decoded", async () => {
  const storage = new FakeStorage();
  let nowMs = 0;
  let turns = 0;
  const receiver = new WriteReceiver({
    append: storage.append,
    log: silentLog,
    monotonicMs: () => nowMs += 7,
    yieldToLoop: () => {
      turns++;
      return Promise.resolve();
    },
  });
  const many = Array.from(
    { length: 10_000 },
    (_, i) => seriesOf({ __name__: "m", job: "j", id: `${i}é` }, [[1000, i], [2000, -i]]),
  );
  const few = Array.from(
    { length: 2_000 },
    (_, i) => seriesOf({ __name__: "m", job: "k", id: String(i) }, [[1000, i]]),
  );
  // The second arrives while the first is being decoded, and both share the decoder.
  const answers = await Promise.all([
    receiver.receive(bodyOf(...many), NOW_MS),
    receiver.receive(bodyOf(...few), NOW_MS),
  ]);
  deepStrictEqual(answers.map(({ status, samplesWritten }) => [status, samplesWritten]), [[204, 20_000], [
    204,
    2_000,
  ]]);
  assert.ok(turns >= 10, `${turns} turns`);
  assert.ok(storage.batches.every(({ defined }) => defined.length <= 4_096));
  const values = new Map(storage.samples.map(({ labels, tMs, value }) => [`${labels} ${tMs}`, value]));
  strictEqual(values.size, 22_000);
  for (const i of [0, 4_095, 4_096, 9_999]) {
    const labels = formatLabels(labelsFromRecord({ __name__: "m", job: "j", id: `${i}é` }));
    strictEqual(values.get(`${labels} 2000`), -i);
  }
});

Deno.test("where storage takes no more series, a write of very many is refused as a whole", async () => {
  const { storage, receiver } = setUp();
  storage.answer = () => [{ kind: "limited", limit: "seriesMax", reason: "storage is full" }];
  const many = Array.from(
    { length: 5_000 },
    (_, i) => seriesOf({ __name__: "m", id: String(i) }, [[1000, i]]),
  );
  const answer = await receiver.receive(bodyOf(...many), NOW_MS);
  deepStrictEqual([answer.status, answer.text], [429, "seriesMax: storage is full"]);
  strictEqual(storage.samples.length, 0);
});
