import assert from "node:assert/strict";
import fc from "fast-check";
import {
  firstScrapeMs,
  nextScrapeMs,
  offsetSeed,
  scrapeOffsetMs,
  snappedMs,
} from "../../lib/scrape/schedule.ts";

const place = (instance: string, seed: number) => ({
  targetLabels: ["instance", instance, "job", "node"],
  url: `http://${instance}/metrics`,
  seed,
  intervalMs: 15_000,
});

Deno.test("a target keeps its place, its neighbours and the server's twin have others", () => {
  const seed = offsetSeed("host-a", ["replica", "a"]);
  const twin = offsetSeed("host-a", ["replica", "b"]);
  const mine = scrapeOffsetMs(place("a:9100", seed));
  assert.equal(scrapeOffsetMs(place("a:9100", seed)), mine);
  assert.notEqual(scrapeOffsetMs(place("b:9100", seed)), mine);
  assert.notEqual(scrapeOffsetMs(place("a:9100", twin)), mine);
});

Deno.test("a thousand targets spread evenly over the interval", () => {
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 1000; i++) {
    const offset = scrapeOffsetMs(place(`10.0.${i >> 8}.${i & 255}:9100`, 7));
    assert.ok(offset >= 0 && offset < 15_000 && Number.isInteger(offset));
    buckets[Math.floor(offset / 1500)]!++;
  }
  for (const count of buckets) assert.ok(count > 60 && count < 140, `${buckets}`);
});

Deno.test("targets of one server share a grid of places, so that scrapes come together", () => {
  const seed = offsetSeed("host-a", []);
  for (const intervalMs of [1_000, 15_000, 60_000]) {
    const offsets = Array.from(
      { length: 1_000 },
      (_, i) => scrapeOffsetMs({ ...place(`10.0.0.${i}:9100`, seed), intervalMs }),
    );
    assert.equal(new Set(offsets.map((offset) => offset % 100)).size, 1);
    assert.ok(new Set(offsets).size >= 10);
  }
  assert.notEqual(
    scrapeOffsetMs(place("a:9100", seed)) % 100,
    scrapeOffsetMs(place("a:9100", offsetSeed("host-b", []))) % 100,
  );
});

Deno.test("a place lies within the interval, however short or odd that is", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.nat(), fc.string(), (intervalMs, seed, url) => {
      const offset = scrapeOffsetMs({ targetLabels: [], url, seed, intervalMs });
      assert.ok(Number.isInteger(offset) && offset >= 0 && offset < intervalMs);
    }),
  );
});

Deno.test("the first scrape comes within an interval, at the place; the next never lies in the past", () => {
  fc.assert(
    fc.property(
      fc.nat(2e9),
      fc.integer({ min: 1, max: 100_000 }),
      fc.nat(),
      fc.nat(1e6),
      (now, interval, draw, late) => {
        const offset = draw % interval;
        const first = firstScrapeMs(now, offset, interval);
        assert.ok(first >= now && first < now + interval);
        assert.equal(first % interval, offset);
        const next = nextScrapeMs(first, first + late, interval);
        assert.ok(next > first + late && next <= first + late + interval);
        assert.equal(next % interval, offset);
      },
    ),
  );
});

Deno.test("a scrape that starts within the tolerance gets its place's timestamp", () => {
  assert.equal(snappedMs(15_000, 15_002, 15_000), 15_000);
  assert.equal(snappedMs(15_000, 14_998, 15_000), 15_000);
  assert.equal(snappedMs(15_000, 15_003, 15_000), 15_003);
  assert.equal(snappedMs(100, 102, 100), 102);
  assert.equal(snappedMs(100, 101, 100), 100);
});

Deno.test("after a clock was put back, the next scrape is the next place by the new time", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1e9, max: 2e9 }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.nat(1e9),
      (due, interval, back) => {
        const next = nextScrapeMs(due, due - back, interval);
        assert.ok(next > due - back && next <= due - back + interval, `${next}`);
        assert.equal(next % interval, due % interval);
      },
    ),
  );
});
