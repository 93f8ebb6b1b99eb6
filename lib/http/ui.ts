/** The user interface: one page for all its paths, and its files. */
import { plainReply } from "./errors.ts";
import { redirectReply, type Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import type { HttpDeps } from "./deps.ts";

/** Paths of the interface's own router: each is answered with the index page. */
export const UI_PATHS: readonly string[] = [
  "/query",
  "/alerts",
  "/targets",
  "/rules",
  "/config",
  "/flags",
  "/status",
  "/tsdb-status",
  "/service-discovery",
  "/alertmanager-discovery",
];

/** Names of built files hold a hash of their content. */
const ASSET_CACHE_CONTROL = "public, max-age=31536000, immutable";

export function toQueryPage(call: Call): Reply {
  return redirectReply(`${externalPathOf(call.deps)}/query${call.url.search}`);
}

/** The index page with what the interface must know before its first request filled in. */
export async function indexPage(call: Call): Promise<Reply> {
  const index = await call.deps.uiFile("/index.html");
  if (index === undefined) return plainReply(404, "the user interface is not part of this build");
  const html = new TextDecoder().decode(index.body)
    .replaceAll("PATH_PREFIX_PLACEHOLDER", escapeHtml(externalPathOf(call.deps)))
    .replaceAll("TITLE_PLACEHOLDER", escapeHtml(call.deps.options.pageTitle))
    .replaceAll("READY_PLACEHOLDER", String(call.deps.readiness() === "ready"))
    .replaceAll("LOOKBACKDELTA_PLACEHOLDER", String(call.deps.options.lookbackMs));
  return {
    status: 200,
    contentType: index.contentType,
    headers: { "Cache-Control": "no-cache" },
    body: html,
  };
}

/** Undefined when there is no such file. */
export async function uiFileReply(deps: HttpDeps, path: string): Promise<Reply | undefined> {
  const file = path === "/" ? undefined : await deps.uiFile(path);
  if (file === undefined) return undefined;
  return {
    status: 200,
    contentType: file.contentType,
    headers: path.startsWith("/assets/") ? { "Cache-Control": ASSET_CACHE_CONTROL } : {},
    body: new Uint8Array(file.body),
  };
}

/** The path of the external URL, without a slash at its end. */
function externalPathOf(deps: HttpDeps): string {
  const path = URL.parse(deps.options.externalUrl)?.pathname ?? "/";
  return path.replace(/\/+$/, "");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
