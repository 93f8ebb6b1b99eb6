/**
 * Paths as text, as Go's filepath on Unix: joined to the directory of the file that holds them, cleaned of `.`,
 * `..` and doubled slashes. Nothing is looked up.
 */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return ".";
  return slash === 0 ? "/" : cleanPath(path.slice(0, slash));
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** `path` itself where it is empty or absolute, else under `directory`. */
export function joinPath(directory: string, path: string): string {
  if (path === "" || path.startsWith("/")) return path;
  return cleanPath(`${directory}/${path}`);
}

export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!rooted) parts.push(part);
  }
  const joined = parts.join("/");
  if (rooted) return "/" + joined;
  return joined === "" ? "." : joined;
}
