import { notStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ParseError } from "../../../lib/promql/parse.ts";
import { AskerTrees, createParseCache } from "../../../lib/promql/parse_cache.ts";

Deno.test("a query is parsed once, for each set of options", () => {
  const cache = createParseCache(10, 1 << 20);
  const first = cache.parse("a + b");
  strictEqual(cache.parse("a + b"), first);
  strictEqual(cache.parse("a + b", {}), first);
  notStrictEqual(cache.parse("a + b", { experimentalFunctions: true }), first);
  notStrictEqual(cache.parse("a  + b"), first);
  strictEqual(cache.entries, 3);
});

Deno.test("the query used longest ago is forgotten first", () => {
  const cache = createParseCache(2, 1 << 20);
  const a = cache.parse("a");
  const b = cache.parse("b");
  strictEqual(cache.parse("a"), a);
  cache.parse("c");
  strictEqual(cache.entries, 2);
  strictEqual(cache.parse("a"), a);
  notStrictEqual(cache.parse("b"), b);
});

Deno.test("the bytes of all queries stay below the limit", () => {
  const cache = createParseCache(1_000, 10_000);
  for (let i = 0; i < 100; i++) {
    cache.parse(`metric_number_${i}`);
    strictEqual(cache.bytes <= 10_000, true);
  }
  strictEqual(cache.entries > 1, true);
  const before = cache.entries;
  cache.parse("a".repeat(5_000));
  strictEqual(cache.entries, before, "one too large to keep displaces nothing");
});

Deno.test("a bad query is not kept", () => {
  const cache = createParseCache(10, 1 << 20);
  throws(() => cache.parse("a +"), ParseError);
  strictEqual(cache.entries, 0);
});

Deno.test("one who always asks the same keeps its tree, however many others ask", () => {
  const trees = new AskerTrees();
  const askers = Array.from({ length: 2_000 }, (_, i) => ({ query: `metric_number_${i}` }));
  const first = askers.map((asker) => trees.parse(asker, asker.query));
  askers.forEach((asker, i) => strictEqual(trees.parse(asker, asker.query), first[i]));
  const [asker] = askers;
  notStrictEqual(trees.parse(asker!, asker!.query, { experimentalFunctions: true }), first[0]);
  strictEqual(trees.parse(asker!, "other"), trees.parse(asker!, "other"));
  throws(() => trees.parse(asker!, "a +"), ParseError);
});
