import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { unescapeName } from "../../lib/http/name_escaping.ts";
import { TIME_MS_MAX, TIME_MS_MIN } from "../../lib/http/times.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { failure, type World, worldOf } from "./fixtures.ts";

function filled(): World {
  const world = worldOf();
  world.source.all = [
    labelsFromRecord({ __name__: "up", job: "a" }),
    labelsFromRecord({ __name__: "up", job: "b" }),
    labelsFromRecord({ __name__: "x", "http.status": "200" }),
  ];
  return world;
}

Deno.test("series answers label sets of every selector", async () => {
  const { json, source } = filled();
  strictEqual(
    await json("/api/v1/series?match[]=up{job=%22a%22}&match[]=x&start=1&end=2"),
    '{"status":"success","data":[{"__name__":"up","job":"a"},{"__name__":"x","http.status":"200"}]}',
  );
  deepStrictEqual(source.ranges, [[1000, 2000]]);
  strictEqual(
    await json("/api/v1/series?match[]=up&limit=1"),
    '{"status":"success","data":[{"__name__":"up","job":"a"}],"warnings":["results truncated due to limit"]}',
  );
});

Deno.test("series without a selector, or with an empty or broken one, is refused", async () => {
  const { json } = filled();
  const message = async (path: string) => JSON.parse(await json(path)).error;
  strictEqual(await message("/api/v1/series"), "no match[] parameter provided");
  strictEqual(
    await message("/api/v1/series?match[]={job=~%22.*%22}"),
    'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
  );
  strictEqual(
    (await message("/api/v1/series?match[]=up{")).startsWith('invalid parameter "match[]": 1:'),
    true,
  );
  strictEqual(
    await message("/api/v1/series?match[]=up&start=x"),
    'invalid parameter "start": Invalid time value for \'start\': cannot parse "x" to a valid timestamp',
  );
});

Deno.test("labels and label values look over all of time unless told", async () => {
  const { json, post, source } = filled();
  strictEqual(await json("/api/v1/labels"), '{"status":"success","data":["__name__","http.status","job"]}');
  deepStrictEqual(source.ranges, [[TIME_MS_MIN, TIME_MS_MAX]]);
  strictEqual(
    await (await post("/api/v1/labels", { "match[]": "up", limit: "1" })).text(),
    '{"status":"success","data":["__name__"],"warnings":["results truncated due to limit"]}',
  );
  strictEqual(await json("/api/v1/label/job/values"), '{"status":"success","data":["a","b"]}');
  strictEqual(await json("/api/v1/label/job/values?match[]=x"), '{"status":"success","data":[]}');
  strictEqual(await json("/api/v1/label/U__http_2e_status/values"), '{"status":"success","data":["200"]}');
  strictEqual(await json("/api/v1/label/http.status/values"), '{"status":"success","data":["200"]}');
});

Deno.test("what storage cannot answer is an error and not an empty list", async () => {
  const { source, get } = filled();
  source.failure = failure("execution", "store is gone");
  const response = await get("/api/v1/labels");
  deepStrictEqual([response.status, JSON.parse(await response.text()).error], [422, "store is gone"]);
});

Deno.test("escaped names read as what they stand for, broken escapes as themselves", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["plain_name", "plain_name"],
    ["U__a_2e_b__c", "a.b_c"],
    ["U___1f525_", "🔥"],
    ["U__a_zz_", "U__a_zz_"],
    ["U__a_d800_", "U__a_d800_"],
    ["U__a_", "U__a_"],
  ];
  for (const [escaped, name] of cases) strictEqual(unescapeName(escaped), name);
});
