/** `rules`, `alerts` and `alertmanagers`. No rule is evaluated and nobody notified, so each is truthfully empty. */
import { invalidParameter } from "./errors.ts";
import { quoteJson } from "./json_writer.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import { quoteGo } from "../model/labels.ts";

export async function rules(call: Call): Promise<Reply> {
  const params = await call.params();
  const type = params.get("type").toLowerCase();
  if (type !== "" && type !== "alert" && type !== "record") {
    throw invalidParameter("type", `not supported value ${quoteGo(type)}`);
  }
  return jsonReply('{"groups":[]}');
}

export function alerts(): Reply {
  return jsonReply('{"alerts":[]}');
}

export async function alertmanagers(call: Call): Promise<Reply> {
  const { active, dropped } = await call.deps.alertmanagers();
  const rows = (urls: readonly string[]) => urls.map((url) => `{"url":${quoteJson(url)}}`).join(",");
  return jsonReply(`{"activeAlertmanagers":[${rows(active)}],"droppedAlertmanagers":[${rows(dropped)}]}`);
}
