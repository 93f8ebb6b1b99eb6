/** Listings in parts beside what is in the head. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { compareLabels, type Labels, labelsFromRecord, labelValue } from "../../lib/model/labels.ts";
import { type Matcher, matcherOf, matchesLabels } from "../../lib/model/matchers.ts";
import { Head } from "../../lib/storage/head.ts";
import { HEAD_DEFAULTS } from "../../lib/storage/head_options.ts";
import {
  labelNamesOf,
  labelValuesOf,
  type ListingCursor,
  type ListingPart,
  seriesOf,
} from "../../lib/storage/head_listing.ts";

const ALL_TIME = { startMs: -8.64e15, endMs: 8.64e15 };
const SERIES_COUNT = 20_000;

function headOf(all: readonly Labels[]): Head {
  const head = new Head(0, HEAD_DEFAULTS);
  for (const half of [0, 1]) {
    const defined = all.filter((_, i) => i % 2 === half);
    const refs = Uint32Array.from(defined, (_, i) => (0x8000_0000 | i) >>> 0);
    const rows = [{ tMs: 1000 + half, refs, values: new Float64Array(refs.length) }];
    const batch = { cohort: `c${half}`, epoch: 0, defined, rows, strays: [] };
    const { outcomes, events } = head.judge([batch], false, 2000);
    deepStrictEqual(outcomes.map(({ kind }) => kind), ["appended"]);
    for (const event of events) head.append(event);
  }
  return head;
}

function listed<T>(ask: (cursor: ListingCursor | undefined) => ListingPart<T>): { all: T[]; parts: number } {
  const all: T[] = [];
  let parts = 0;
  let cursor: ListingCursor | undefined;
  do {
    const part = ask(cursor);
    parts++;
    ok(part.found.length <= 2 * 8_192, "a part is bounded");
    all.push(...part.found);
    cursor = part.next;
  } while (cursor !== undefined);
  return { all, parts };
}

Deno.test("parts of a listing together are all series that the matchers accept", () => {
  const all = Array.from(
    { length: SERIES_COUNT },
    (_, i) =>
      labelsFromRecord({ __name__: `m${i % 7}`, id: String(i), ...(i % 3 === 0 ? { extra: "x" } : {}) }),
  );
  const head = headOf(all);
  const sets: readonly (readonly (readonly Matcher[])[])[] = [
    [],
    [[matcherOf("=~", "__name__", "m[12]")]],
    [[matcherOf("=", "extra", "x"), matcherOf("!=", "__name__", "m3")], [matcherOf("=", "__name__", "m3")]],
    [[matcherOf("=", "extra", ""), matcherOf("!~", "id", ".*7")]],
    [[matcherOf("=", "__name__", "m1")], [matcherOf("=~", "id", "1.*")]],
    [[matcherOf("=", "__name__", "none")]],
  ];
  for (const set of sets) {
    const wanted = all.filter((labels) => set.length === 0 || set.some((one) => matchesLabels(one, labels)));
    const series = listed((cursor) => seriesOf(head, set, ALL_TIME, cursor));
    deepStrictEqual(series.all.sort(compareLabels), wanted.slice().sort(compareLabels));
    const ids = listed((cursor) => labelValuesOf(head, "id", set, ALL_TIME, cursor));
    deepStrictEqual(new Set(ids.all), new Set(wanted.map((labels) => labelValue(labels, "id"))));
    const names = listed((cursor) => labelNamesOf(head, set, ALL_TIME, cursor));
    deepStrictEqual(
      new Set(names.all),
      new Set(wanted.flatMap((labels) => labels.filter((_, i) => i % 2 === 0))),
    );
  }
  ok(listed((cursor) => seriesOf(head, [], ALL_TIME, cursor)).parts >= 3);
  deepStrictEqual(
    listed((cursor) => seriesOf(head, [], { startMs: 1001, endMs: 5000 }, cursor)).all.length,
    10_000,
  );
});

Deno.test("a listing whose table was built anew begins again", () => {
  const head = headOf(Array.from({ length: SERIES_COUNT }, (_, i) => labelsFromRecord({ id: String(i) })));
  const { next } = seriesOf(head, [], ALL_TIME);
  const again = seriesOf(head, [], ALL_TIME, { generation: next!.generation + 1, from: next!.from });
  deepStrictEqual(again.found, seriesOf(head, [], ALL_TIME).found);
});
