/** The routes under `/-/`, and `/version`. Texts as Prometheus's, down to the line feeds. */
import { messageOf } from "../core/errors.ts";
import { buildInfoJson } from "./api_status.ts";
import { plainReply } from "./errors.ts";
import { type Reply, textReply } from "./reply.ts";
import type { Call } from "./route.ts";

export function healthy(): Reply {
  return textReply(200, "Prometheus Server is Healthy.\n");
}

export function ready(): Reply {
  return textReply(200, "Prometheus Server is Ready.\n");
}

export async function reload(call: Call): Promise<Reply> {
  if (!call.deps.options.enableLifecycle) return lifecycleOff();
  try {
    await call.deps.lifecycle.reload();
  } catch (error) {
    return plainReply(500, `failed to reload config: ${messageOf(error)}`);
  }
  return { status: 200 };
}

export function quit(call: Call): Reply {
  if (!call.deps.options.enableLifecycle) return lifecycleOff();
  call.deps.lifecycle.quit();
  return textReply(200, "Requesting termination... Goodbye!");
}

export function postOrPutOnly(): Reply {
  return textReply(405, "Only POST or PUT requests allowed");
}

export function version(call: Call): Reply {
  return { status: 200, contentType: "application/json", body: `${buildInfoJson(call.deps.buildInfo)}\n` };
}

function lifecycleOff(): Reply {
  return textReply(403, "Lifecycle API is not enabled.");
}
