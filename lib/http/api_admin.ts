/** The administration of storage. None of it exists yet, and each route says so; off, it says what Prometheus says. */
import { UserError } from "../core/errors.ts";
import type { Reply } from "./reply.ts";
import type { Call, Route } from "./route.ts";

export function adminRoute(what: string): Route["run"] {
  return (call: Call): Reply => {
    if (!call.deps.options.enableAdminApi) throw new UserError("unavailable", "admin APIs disabled");
    throw new UserError("unavailable", `${what} is not supported yet`);
  };
}
