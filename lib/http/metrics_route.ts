/** `/metrics`: the registry after a fresh snapshot of the server. */
import { expose } from "../client/exposition.ts";
import type { Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import type { SelfMetrics } from "./self_metrics.ts";

export function metricsRoute(self: SelfMetrics): (call: Call) => Promise<Reply> {
  return async (call) => {
    self.update(await call.deps.selfSnapshot());
    const { body, contentType } = expose(
      call.deps.registry.collect(),
      call.request.headers.get("Accept") ?? "",
    );
    return { status: 200, contentType, body };
  };
}
