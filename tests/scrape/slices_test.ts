import assert from "node:assert/strict";
import fc from "fast-check";
import { BODY_SEAL_BYTES, BodyReader, sealBody } from "../../lib/exposition/body_reader.ts";
import { LineTable } from "../../lib/exposition/line_table.ts";
import type { SampleBatch } from "../../lib/model/batch.ts";
import { oneATurn, type Pacing, runInSlices, SLICE_MS } from "../../lib/scrape/slices.ts";
import { PIECE_SERIES_MAX } from "../../lib/scrape/row_builder.ts";
import { Driver, response } from "./fake_storage.ts";

/** Time enough has always gone by: the loop turns wherever it may. */
function pausing(turned: () => void = () => {}, signal = new AbortController().signal): Pacing {
  let nowMs = 0;
  return {
    monotonicMs: () => nowMs += SLICE_MS,
    yieldToLoop: () => {
      turned();
      return Promise.resolve();
    },
    signal,
  };
}

function churn(run: string, count: number, more = ""): string {
  return Array.from({ length: count }, (_, i) => `churn{run="${run}",i="${i}"} ${i}${more}\n`).join("");
}

Deno.test("a reading that pauses wherever it may is the one that does not", () => {
  const line = fc.tuple(fc.nat(12), fc.constantFrom("1", "2.5", "NaN", "1e3 4000"), fc.nat(9)).map(
    ([i, value, kind]) => kind === 0 ? `# TYPE m${i} gauge\n` : `m${i}{a="b"} ${value}\n`,
  );
  const bodies = fc.array(fc.array(line, { maxLength: 30 }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(bodies, fc.integer({ min: 1, max: 200 }), (texts, work) => {
    const whole = readAll(texts, (reader) => assert.ok(reader.advance(2 ** 40)));
    const paused = readAll(texts, (reader) => {
      while (!reader.advance(work));
    });
    assert.deepEqual(paused, whole);
  }));
});

/** What is found of each body, read by the one before it. */
function readAll(texts: readonly (readonly string[])[], advance: (reader: BodyReader) => void) {
  const reader = new BodyReader();
  let previous: Parameters<BodyReader["begin"]>[1];
  let slotsCount = 0;
  return texts.map((lines) => {
    const text = new TextEncoder().encode(lines.join(""));
    const bytes = new Uint8Array(text.length + BODY_SEAL_BYTES);
    bytes.set(text);
    const body = sealBody("text", bytes, text.length);
    reader.begin(body, previous, { defineSlot: () => slotsCount++ });
    advance(reader);
    const table = new LineTable(0);
    table.copyFrom(reader.lines);
    previous = { ...body, lines: table, slotsCount };
    const { count } = table;
    return {
      starts: [...table.start.subarray(0, count + 1)],
      slots: [...table.slot.subarray(0, count)],
      values: [...table.values.subarray(0, count)],
      structureChanged: reader.structureChanged,
      metadataChanged: reader.metadataChanged,
    };
  });
}

Deno.test("a digest in slices says what one in a go says, with other digests in its pauses", async () => {
  const counts = [PIECE_SERIES_MAX * 3, 10, PIECE_SERIES_MAX * 2 + 7, 0, 20_000];
  const whole = new Driver();
  const sliced = new Driver();
  const beside = new Driver();
  let turns = 0;
  const disturb = () => {
    turns++;
    if (turns % 5 === 0) assert.equal(beside.scrape(churn("beside", turns % 50)).ending.kind, "parsed");
  };
  for (const [i, count] of counts.entries()) {
    const text = churn(String(i >> 1), count) + churn("own time", 40, " 990000");
    const expected = whole.scrape(text);
    sliced.tMs += 10_000;
    const outcome = response(text, "text/plain; version=0.0.4");
    const { batch, ending } = await sliced.session.digestInSlices(outcome, sliced.tMs, 250, pausing(disturb));
    assert.deepEqual({ ending, ...sliced.deliver(batch) }, expected);
  }
  assert.ok(turns > 10, `there were ${turns} pauses`);
});

Deno.test("a scrape of very many series comes in pieces of one row, the markers and the report in the last", () => {
  const driver = new Driver();
  driver.scrape(churn("old", 5));
  const { batches, row, report } = driver.scrape(churn("new", 2 * PIECE_SERIES_MAX + 1));
  assert.deepEqual(batches.map(({ defined }) => defined.length), [PIECE_SERIES_MAX, PIECE_SERIES_MAX, 1, 0]);
  assert.deepEqual(new Set(batches.map(({ rows }) => rows[0]!.tMs)), new Set([driver.tMs]));
  const toCome = batches.map(({ rows }) => rows[0]!.cellsToCome);
  assert.deepEqual(toCome, [PIECE_SERIES_MAX + 1 + 10, 1 + 10, 10, 0]);
  assert.equal(Object.values(row).filter((value) => value === "stale").length, 5);
  assert.equal(Object.keys(row).length, 2 * PIECE_SERIES_MAX + 6);
  assert.equal(report["up"], 1);
  const next = driver.scrape(churn("new", 2 * PIECE_SERIES_MAX + 1));
  assert.deepEqual(next.batches.map(({ defined }) => defined.length), [0], "all columns are known");
});

Deno.test("many strays go in pieces too, after what defines their series", () => {
  const driver = new Driver();
  const text = Array.from({ length: 3 * PIECE_SERIES_MAX }, (_, i) => `s{i="${i}"} ${i} ${500_000 + i}\n`)
    .join("");
  const { batches, strays, report } = driver.scrape(text);
  const cells = batches.map(({ strays }) => strays.length);
  assert.ok(cells.every((count) => count <= PIECE_SERIES_MAX), cells.join(" "));
  assert.equal(Object.keys(strays).length, 3 * PIECE_SERIES_MAX);
  assert.equal(report["up"], 1);
});

Deno.test("a storage that lost the cohort between two pieces gets the scrape anew", () => {
  const driver = new Driver();
  const count = 2 * PIECE_SERIES_MAX + 1;
  const { batch } = driver.session.digest(response(churn("a", count)), driver.tMs += 10_000, 1);
  const second = driver.session.answered(driver.storage.append(batch));
  driver.storage.restart();
  const { row, report } = driver.deliver(second!);
  assert.equal(Object.keys(row).length, count);
  assert.equal(report["up"], 1);
});

Deno.test("a piece that storage has no room for ends the scrape, and what it kept is known to the next", () => {
  const driver = new Driver();
  const text = churn("a", 2 * PIECE_SERIES_MAX + 1);
  const { batch } = driver.session.digest(response(text), driver.tMs += 10_000, 1);
  assert.ok(driver.session.answered(driver.storage.append(batch)) !== undefined);
  assert.equal(driver.session.answered({ kind: "limited", limit: "seriesMax", reason: "full" }), undefined);
  const next = driver.scrape(text);
  assert.equal(next.batches[0]!.defined.length, PIECE_SERIES_MAX);
  assert.equal(Object.keys(next.row).length, 2 * PIECE_SERIES_MAX + 1);
  assert.ok(next.batches.reduce((sum, { defined }) => sum + defined.length, 0) < text.split("\n").length);
});

Deno.test("a digest that is aborted leaves the session as it was, wherever that happens", async () => {
  const old = churn("old", 5_000);
  let abortAt = 1;
  for (let aborted = true; aborted; abortAt++) {
    const driver = new Driver();
    driver.scrape(old);
    const abort = new AbortController();
    let turns = 0;
    const pacing = pausing(() => ++turns === abortAt && abort.abort(new Error("late")), abort.signal);
    const outcome = response(churn("new", 20_000), "text/plain; version=0.0.4");
    const digest = driver.session.digestInSlices(outcome, driver.tMs += 10_000, 1, pacing);
    aborted = await digest.then(() => false, ({ message }) => message === "late");
    assert.equal(aborted, turns === abortAt);
    assert.equal(driver.digest({ kind: "failed", reason: "late" }).report["up"], 0);
    const next = driver.scrape(old);
    assert.equal(Object.values(next.row).filter((value) => value !== "stale").length, 5_000);
  }
  assert.ok(abortAt > 10, "there are many places to pause");
});

Deno.test("a digest given up for another one neither answers nor disturbs it", async () => {
  const driver = new Driver();
  let found: SampleBatch | undefined;
  const pacing = pausing(() => {
    found ??= driver.session.digest(response("a 1\n"), driver.tMs += 10_000, 1).batch;
  });
  const outcome = response(churn("new", 20_000), "text/plain; version=0.0.4");
  await assert.rejects(driver.session.digestInSlices(outcome, driver.tMs += 10_000, 1, pacing));
  assert.deepEqual(Object.keys(driver.deliver(found!).row), ["a{…}"]);
});

Deno.test("slices give the loop its turn by the clock, and each who waits a turn of its own", async () => {
  let nowMs = 0;
  let turns = 0;
  const pacing = {
    monotonicMs: () => nowMs,
    yieldToLoop: () => Promise.resolve(void turns++),
    signal: new AbortController().signal,
  };
  const steps = (function* (): Generator<undefined, string, undefined> {
    for (let i = 0; i < 100; i++) {
      nowMs += 1;
      yield;
    }
    return "done";
  })();
  assert.equal(await runInSlices(steps, pacing, () => {}), "done");
  assert.equal(turns, Math.floor(100 / SLICE_MS));

  const waiting: (() => void)[] = [];
  const next = oneATurn(() => new Promise((resolve) => waiting.push(resolve)));
  const order: string[] = [];
  void next().then(() => order.push("a"));
  void next().then(() => order.push("b"));
  await Promise.resolve();
  assert.equal(waiting.length, 1);
  waiting[0]!();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual([order, waiting.length], [["a"], 2]);
});
