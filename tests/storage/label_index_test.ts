import assert from "node:assert/strict";
import fc from "fast-check";
import { type Labels, labelsKey, labelsOf } from "../../lib/model/labels.ts";
import { matcherOf, matchesLabels, type MatchOp } from "../../lib/model/matchers.ts";
import { ByteReader, ByteWriter } from "../../lib/storage/codecs/bytes.ts";
import { decodeLabelSets, encodeLabelSets } from "../../lib/storage/codecs/labels_chunk.ts";
import { TextPool } from "../../lib/storage/codecs/text_pool.ts";
import { PackedPairs } from "../../lib/storage/packed_pairs.ts";
import { intersect, subtract, union } from "../../lib/storage/postings.ts";
import { SeriesTable } from "../../lib/storage/series_table.ts";

const NAMES = ["__name__", "job", "mode", "le", "missing"];
const VALUES = ["a", "b", "ab", "abc", "10", "x.y", ""];

const labels: fc.Arbitrary<Labels> = fc.array(
  fc.tuple(fc.constantFrom(...NAMES.slice(0, 4)), fc.constantFrom(...VALUES)),
  { maxLength: 4 },
).map(labelsOf).filter((one) => one.length > 0);

const matcher = fc.tuple(
  fc.constantFrom<MatchOp>("=", "!=", "=~", "!~"),
  fc.constantFrom(...NAMES),
  fc.constantFrom(...VALUES, "a|b", "a.*", ".*", ".+", "|a", "(a|10)b?", "x.y", "nothing", "a?"),
).map(([op, name, value]) => matcherOf(op, name, value));

Deno.test("matchers resolved over postings find what naive matching finds", () => {
  const sets = fc.uniqueArray(labels, { selector: labelsKey, maxLength: 40 });
  fc.assert(
    fc.property(sets, fc.array(matcher, { minLength: 1, maxLength: 4 }), (all, matchers) => {
      const table = new SeriesTable();
      all.forEach((one, i) => table.add(1, i, one));
      const found = [...table.index.resolve(matchers, () => table.all())];
      const naive = all.flatMap((one, i) => matchesLabels(matchers, one) ? [i] : []);
      assert.deepEqual(found, naive);
    }),
    { numRuns: 800 },
  );
});

Deno.test("a series is found again by its labels in its cohort only, and twins are known", () => {
  fc.assert(
    fc.property(fc.uniqueArray(labels, { selector: labelsKey, minLength: 1, maxLength: 200 }), (all) => {
      const table = new SeriesTable();
      all.forEach((one, i) => assert.equal(table.add(1, i, one), i));
      all.forEach((one, i) => {
        assert.equal(table.find(1, one), i);
        assert.equal(table.find(2, one), -1);
        assert.deepEqual(table.labelsOf(i), one);
        assert.equal(table.columnOf(i), i);
      });
      assert.equal(table.twins.size, 0);
      const twin = table.add(2, 0, all[0]!);
      assert.equal(table.find(2, all[0]!), twin);
      assert.equal(table.find(1, all[0]!), 0);
      assert.deepEqual([...table.twins].sort((a, b) => a - b), [0, twin]);
      table.remove(0);
      assert.equal(table.find(1, all[0]!), -1);
      assert.equal(table.live, all.length);
    }),
    { numRuns: 60 },
  );
});

Deno.test("set operations agree with JavaScript's sets", () => {
  const ids = fc.uniqueArray(fc.nat({ max: 300 }), { maxLength: 120 }).map((all) =>
    Uint32Array.from(all).sort()
  );
  const few = fc.uniqueArray(fc.nat({ max: 300 }), { maxLength: 4 }).map((all) =>
    Uint32Array.from(all).sort()
  );
  fc.assert(
    fc.property(ids, fc.oneof(ids, few), (a, b) => {
      const [x, y] = [new Set(a), new Set(b)];
      const sorted = (set: Set<number>) => [...set].sort((p, q) => p - q);
      assert.deepEqual([...intersect(a, b)], sorted(x.intersection(y)));
      assert.deepEqual([...subtract(a, b)], sorted(x.difference(y)));
      assert.deepEqual([...union([a, b])], sorted(x.union(y)));
    }),
    { numRuns: 300 },
  );
});

Deno.test("series from decoded chunks are those that their label sets would have been", () => {
  const chunk = fc.array(labels, { maxLength: 30 });
  // As targets of one kind have them: the same sets, but for a text or the last sets.
  const alike = fc.tuple(
    chunk,
    fc.array(
      fc.tuple(
        fc.constantFrom(...VALUES),
        fc.constantFrom("host-1", "host-2:9100", "ü", "b"),
        fc.nat({ max: 3 }),
      ),
      { maxLength: 4 },
    ),
  )
    .map(([sets, changes]) =>
      [
        sets,
        ...changes.map(([from, to, fewer]) =>
          sets.slice(0, Math.max(0, sets.length - fewer)).map((one) =>
            one.map((text, i) => i % 2 === 1 && text === from ? to : text)
          )
        ),
      ].map((all) => all.filter((one) => one.length > 0))
    );
  const chunks = fc.oneof(fc.array(chunk, { maxLength: 6 }), alike);
  fc.assert(
    fc.property(chunks, fc.nat({ max: 300 }), (all, reserved) => {
      const plain = new SeriesTable();
      const packed = new SeriesTable();
      packed.reserve(reserved);
      const pool = new TextPool();
      let before: PackedPairs | undefined;
      all.forEach((sets, cohort) => {
        const out = new ByteWriter();
        encodeLabelSets(out, sets);
        const back = decodeLabelSets(new ByteReader(out.take(), "label sets"), pool);
        assert.deepEqual(back.unpack(), sets);
        before = new PackedPairs(packed.index, back, before);
        sets.forEach((one, column) => plain.add(cohort, column, one));
        assert.equal(packed.addPacked(cohort, 0, sets.length, before), plain.count - sets.length);
      });
      assert.equal(packed.count, plain.count);
      assert.deepEqual(packed.twins, plain.twins);
      for (let series = 0; series < plain.count; series++) {
        assert.deepEqual(packed.labelsOf(series), plain.labelsOf(series));
        assert.deepEqual(packed.twinsOf(series).toSorted(), plain.twinsOf(series).toSorted());
        const cohort = plain.cohortOf(series);
        assert.equal(packed.find(cohort, plain.labelsOf(series)), plain.find(cohort, plain.labelsOf(series)));
      }
      for (const name of plain.index.names()) {
        for (const [value, pair] of plain.index.valuesOf(name)) {
          const other = packed.index.find(name, value)!;
          assert.deepEqual(packed.index.postingsOf(other).ids(), plain.index.postingsOf(pair).ids());
        }
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("a pool gives back the text that the bytes hold, whatever they are", () => {
  const text = fc.oneof(
    fc.constantFrom("a", "b", "job", "instance"),
    fc.string(),
    fc.string({ unit: "grapheme" }),
    fc.string({ minLength: 250, maxLength: 300 }),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 400 }), (texts) => {
      const pool = new TextPool();
      const out = new ByteWriter();
      for (const one of texts) out.text(one.toWellFormed());
      const input = new ByteReader(out.take(), "texts");
      for (const one of texts) assert.equal(input.text(pool), one.toWellFormed());
      assert.equal(input.left, 0);
    }),
    { numRuns: 100 },
  );
});
