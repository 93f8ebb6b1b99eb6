/** Cross-origin headers of the API, as Prometheus sets them. */
import type { Regex } from "../model/regex.ts";

export function setCorsHeaders(headers: Headers, origin: string | null, allowed: Regex): void {
  headers.append("Vary", "Origin");
  if (origin === null || origin === "") return;
  headers.set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin");
  headers.set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  headers.set("Access-Control-Expose-Headers", "Date");
  if (allowed.pattern === ".*") headers.set("Access-Control-Allow-Origin", "*");
  else if (allowed.matches(origin)) headers.set("Access-Control-Allow-Origin", origin);
}
