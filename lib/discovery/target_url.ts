/** The address that a target is scraped at, written as Go writes URLs, so that it looks as users know it. */
import { type Labels, labelValue } from "../model/labels.ts";

const PARAM_PREFIX = "__param_";

/** From the target's labels after relabelling; `params` of the job fill what the labels do not say. */
export function targetUrl(
  labels: Labels,
  params: readonly (readonly [name: string, values: readonly string[]])[],
): string {
  const query = new Map<string, readonly string[]>(params);
  for (let i = 0; i < labels.length; i += 2) {
    if (!labels[i]!.startsWith(PARAM_PREFIX)) continue;
    const name = labels[i]!.slice(PARAM_PREFIX.length);
    // As Prometheus: a label replaces the first value only.
    query.set(name, [labels[i + 1]!, ...(query.get(name) ?? []).slice(1)]);
  }
  const parts: string[] = [];
  for (const name of [...query.keys()].sort()) {
    for (const value of query.get(name)!) parts.push(`${escapeQuery(name)}=${escapeQuery(value)}`);
  }
  const path = labelValue(labels, "__metrics_path__");
  const slash = path === "" || path.startsWith("/") ? "" : "/";
  const text = parts.length === 0 ? "" : "?" + parts.join("&");
  const scheme = labelValue(labels, "__scheme__");
  return `${scheme === "" ? "" : scheme + ":"}//${labelValue(labels, "__address__")}${slash}${
    escapePath(path)
  }${text}`;
}

/** As Go's url.QueryEscape: a space is a plus sign. */
function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

/** As Go's URL.EscapedPath: `$&+,/:;=@` stay. */
function escapePath(text: string): string {
  return encodeURI(text.toWellFormed()).replace(
    /[?#!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
