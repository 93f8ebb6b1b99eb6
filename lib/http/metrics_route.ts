/** `/metrics`: the registry after a fresh snapshot of the server. */
import { expose } from "../client/exposition.ts";
import { UserError } from "../core/errors.ts";
import type { Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import type { SelfMetrics } from "./self_metrics.ts";

export function metricsRoute(self: SelfMetrics): (call: Call) => Promise<Reply> {
  return async (call) => {
    await refresh(self, call);
    const { body, contentType } = expose(
      call.deps.registry.collect(),
      call.request.headers.get("Accept") ?? "",
    );
    return { status: 200, contentType, body };
  };
}

/** While the server starts or stops there is nobody to ask: what is known without is shown all the same. */
async function refresh(self: SelfMetrics, call: Call): Promise<void> {
  try {
    self.update(await call.deps.selfSnapshot());
  } catch (error) {
    if (!(error instanceof UserError && error.code === "unavailable")) throw error;
  }
}
