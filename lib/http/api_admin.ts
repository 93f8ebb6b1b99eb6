/** The administration of storage: deleting series, cleaning what was deleted, snapshots. Off unless switched on. */
import { UserError } from "../core/errors.ts";
import { quoteGo } from "../model/labels.ts";
import { badData, invalidParameter } from "./errors.ts";
import { quoteJson } from "./json_writer.ts";
import { matcherSetsOf, optionalTimeParam, withParameter } from "./params.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { Call, Route } from "./route.ts";
import { TIME_MS_MAX, TIME_MS_MIN } from "./times.ts";

/** As Go's strconv.ParseBool. */
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

const NO_CONTENT: Reply = { status: 204 };

export const deleteSeries = whenEnabled(async (call) => {
  const params = await call.params();
  const texts = params.all("match[]");
  if (texts.length === 0) throw badData("no match[] parameter provided");
  const range = {
    startMs: optionalTimeParam(params, "start", TIME_MS_MIN),
    endMs: optionalTimeParam(params, "end", TIME_MS_MAX),
  };
  const matcherSets = withParameter("match[]", () => matcherSetsOf(texts));
  await call.deps.admin.deleteSeries(matcherSets, range);
  return NO_CONTENT;
});

export const cleanTombstones = whenEnabled(async (call) => {
  await call.deps.admin.cleanTombstones();
  return NO_CONTENT;
});

export const snapshot = whenEnabled(async (call) => {
  const params = await call.params();
  const name = await call.deps.admin.snapshot({ skipHead: skipHeadOf(params.get("skip_head")) });
  return jsonReply(`{"name":${quoteJson(name)}}`);
});

function skipHeadOf(text: string): boolean {
  if (text === "" || FALSE.includes(text)) return false;
  if (TRUE.includes(text)) return true;
  throw invalidParameter(
    "skip_head",
    `unable to parse boolean: strconv.ParseBool: parsing ${quoteGo(text)}: invalid syntax`,
  );
}

function whenEnabled(run: (call: Call) => Promise<Reply>): Route["run"] {
  return (call) => {
    if (!call.deps.options.enableAdminApi) throw new UserError("unavailable", "admin APIs disabled");
    return run(call);
  };
}
