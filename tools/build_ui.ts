/**
 * Builds the page: `deno run -A tools/build_ui.ts` bundles `ui/` into `ui/dist/`, which is committed, so that
 * nobody who runs the program needs this step. The bundle carries a hash of what it was built from; a test asks
 * `isUiUpToDate` and fails when the sources moved on without it.
 */
import { createHash } from "node:crypto";

const ROOT = new URL("../", import.meta.url);
const UI = new URL("ui/", ROOT);
const DIST = new URL("ui/dist/", ROOT);
const HASH_FILE = new URL("source_hash.txt", DIST);

/** Copied as they are. */
const STATIC_FILES = ["index.html", "app.css", "favicon.svg"] as const;
/** A page that loads at once on a slow line; the compressed size is about a third. */
const BUNDLE_BYTES_MAX = 700_000;

async function sourcePaths(directory: URL): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const inside = new URL(entry.name + (entry.isDirectory ? "/" : ""), directory);
    if (entry.isDirectory) {
      if (inside.href !== DIST.href) paths.push(...await sourcePaths(inside));
    } else if (/\.(tsx?|css|html|svg)$/.test(entry.name)) paths.push(inside.href.slice(UI.href.length));
  }
  return paths.sort();
}

/** Packages of the import map that the page bundles: a new version is a new page. */
async function uiPackages(): Promise<string> {
  const config: unknown = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const { imports } = config as { readonly imports: Readonly<Record<string, string>> };
  return Object.entries(imports)
    .filter(([name]) => /^(@codemirror|@lezer|@prometheus-io|preact|uplot)/.test(name))
    .map((pair) => pair.join("=")).sort().join("\n");
}

/** SHA-256 over the names and texts of everything that the page is built from. */
export async function uiSourceHash(): Promise<string> {
  const hash = createHash("sha256").update(await uiPackages());
  for (const path of await sourcePaths(UI)) {
    // A checkout on Windows may have other line ends.
    const text = (await Deno.readTextFile(new URL(path, UI))).replaceAll("\r\n", "\n");
    hash.update(`\0${path}\0${text}`);
  }
  return hash.digest("hex");
}

/** Whether `ui/dist` was built from the sources as they are now. */
export async function isUiUpToDate(): Promise<boolean> {
  try {
    return (await Deno.readTextFile(HASH_FILE)).trim() === await uiSourceHash();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function build(): Promise<void> {
  await Deno.mkdir(DIST, { recursive: true });
  const bundle = new URL("app.js", DIST);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--platform", "browser", "--minify", "ui/app.tsx", "-o", "ui/dist/app.js"],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot bundle ui/app.tsx:\n${new TextDecoder().decode(stderr)}`);
  for (const name of STATIC_FILES) await Deno.copyFile(new URL(name, UI), new URL(name, DIST));
  const { size } = await Deno.stat(bundle);
  if (size > BUNDLE_BYTES_MAX) {
    throw new Error(`ui/dist/app.js is ${size} bytes, expected at most ${BUNDLE_BYTES_MAX}`);
  }
  await Deno.writeTextFile(HASH_FILE, `${await uiSourceHash()}\n`);
  console.log(`ui/dist/app.js: ${(size / 1000).toFixed(0)} kB`);
}

if (import.meta.main) await build();
