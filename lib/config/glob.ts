/**
 * Paths with a pattern in their last element (`rules/*.yml`): `*`, `?` and `[a-z]` as in Go's filepath.Match. The
 * directory is taken literally.
 */
import type { Files } from "../core/ports.ts";
import { baseOf } from "./paths.ts";

/** As Prometheus: at most one starred element, the last. */
export const GLOB_PATH = /^[^*]*(\*[^/]*)?$/;

export function hasGlob(path: string): boolean {
  return /[*?[]/.test(baseOf(path));
}

/** The files that a pattern names, sorted; the path itself where it holds no pattern and exists. */
export async function expandGlob(pattern: string, files: Files): Promise<readonly string[]> {
  if (!hasGlob(pattern)) return await files.stat(pattern) === null ? [] : [pattern];
  const slash = pattern.lastIndexOf("/");
  const directory = slash < 0 ? "." : slash === 0 ? "/" : pattern.slice(0, slash);
  const prefix = slash < 0 ? "" : pattern.slice(0, slash + 1);
  const matcher = globMatcher(baseOf(pattern));
  const found: string[] = [];
  for (const entry of await files.list(directory)) {
    const name = baseOf(entry);
    if (matcher.test(name)) found.push(prefix + name);
  }
  return found.sort();
}

/** `*` never crosses a slash, so the pattern has no adjacent repetition of the same class but stars in a row. */
function globMatcher(pattern: string): RegExp {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    const close = char === "[" ? pattern.indexOf("]", i + 2) : -1;
    if (char === "*") {
      if (pattern[i - 1] !== "*") source += "[^/]*";
    } else if (char === "?") source += "[^/]";
    else if (close > 0) {
      const body = pattern.slice(i + 1, close);
      const negated = body.startsWith("^");
      source += `[${negated ? "^" : ""}${(negated ? body.slice(1) : body).replace(/[\\\]^[]/g, "\\$&")}]`;
      i = close;
    } else source += char.replace(/[\\^$.|+()[\]{}]/g, "\\$&");
  }
  return new RegExp(`^${source}$`, "u");
}
