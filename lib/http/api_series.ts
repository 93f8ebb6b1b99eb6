/** `series`, `labels` and `label/:name/values`. */
import { badData, invalidParameter } from "./errors.ts";
import { quoteGo } from "../model/labels.ts";
import { UserError } from "../core/errors.ts";
import { TRUNCATED_WARNING } from "./api_query.ts";
import { JsonWriter, quoteJson } from "./json_writer.ts";
import { unescapeName } from "./name_escaping.ts";
import { limitParam, matcherSetsOf, rangeParam } from "./params.ts";
import { JSON_CHUNK_BYTES, labelsJson, stringsJson } from "./query_json.ts";
import type { Reply } from "./reply.ts";
import type { Call } from "./route.ts";

export async function series(call: Call): Promise<Reply> {
  const params = await call.params();
  const texts = params.all("match[]");
  if (texts.length === 0) throw badData("no match[] parameter provided");
  const range = rangeParam(params);
  const limit = limitParam(params);
  const matcherSets = seriesMatchers(texts);
  const found = await call.deps.source.series(matcherSets, range, call.signal);
  const kept = limit > 0 && found.length > limit ? found.slice(0, limit) : found;
  return {
    status: 200,
    contentType: "application/json",
    body: writeList(kept, labelsJson, kept.length < found.length ? [TRUNCATED_WARNING] : []),
  };
}

export async function labelNames(call: Call): Promise<Reply> {
  const params = await call.params();
  const limit = limitParam(params);
  const range = rangeParam(params);
  const matcherSets = matcherSetsOf(params.all("match[]"));
  return namesReply(await call.deps.source.labelNames(matcherSets, range, call.signal), limit);
}

export async function labelValues(call: Call): Promise<Reply> {
  const params = await call.params();
  const name = unescapeName(call.pathParam("name"));
  if (name === "" || !name.isWellFormed()) throw badData(`invalid label name: ${quoteGo(name)}`);
  const limit = limitParam(params);
  const range = rangeParam(params);
  const matcherSets = matcherSetsOf(params.all("match[]"));
  return namesReply(await call.deps.source.labelValues(name, matcherSets, range, call.signal), limit);
}

/** As Prometheus: only here a bad selector names its parameter. */
function seriesMatchers(texts: readonly string[]): ReturnType<typeof matcherSetsOf> {
  try {
    return matcherSetsOf(texts);
  } catch (error) {
    if (error instanceof UserError) throw invalidParameter("match[]", error.message);
    throw error;
  }
}

function namesReply(names: readonly string[], limit: number): Reply {
  const cut = limit > 0 && names.length > limit;
  return {
    status: 200,
    contentType: "application/json",
    body: writeList(cut ? names.slice(0, limit) : names, quoteJson, cut ? [TRUNCATED_WARNING] : []),
  };
}

function* writeList<T>(
  found: readonly T[],
  jsonOf: (item: T) => string,
  warnings: readonly string[],
): Generator<Uint8Array<ArrayBuffer>> {
  const writer = new JsonWriter(4096);
  writer.raw('{"status":"success","data":[');
  for (let i = 0; i < found.length; i++) {
    if (i > 0) writer.raw(",");
    writer.raw(jsonOf(found[i]!));
    if (writer.length >= JSON_CHUNK_BYTES) yield writer.take();
  }
  writer.raw("]");
  if (warnings.length > 0) writer.raw(`,"warnings":${stringsJson(warnings)}`);
  writer.raw("}");
  yield writer.take();
}
