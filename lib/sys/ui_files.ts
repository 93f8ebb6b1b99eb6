/**
 * The built page, read from `ui/dist` beside the program: from a clone, from a download, or from the files that
 * `deno compile --include ui/dist` embeds. Every file is read once and kept. A path is one file name: nothing
 * with a slash, a backslash or a leading dot is looked up, so nothing outside the directory can be named.
 */
export interface UiFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
}

const DIST = new URL("../../ui/dist/", import.meta.url);

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** Where the page asks for its parts; in the directory they lie side by side. */
const ASSETS = "assets/";

/** One file name with one of the known endings. */
const FILE_NAME = /^[a-z0-9][a-z0-9_-]*\.(html|js|css|svg)$/;

const cache = new Map<string, Promise<UiFile | undefined>>();

/**
 * `path` is relative to `ui/dist`, with or without a leading slash and `assets/` (`/assets/app.js`, `index.html`). Undefined when there
 * is no such file. The body is shared: not to be written to.
 */
export function readUiFile(path: string): Promise<UiFile | undefined> {
  const name = nameOf(path);
  const ending = FILE_NAME.exec(name)?.[1];
  const contentType = ending === undefined ? undefined : CONTENT_TYPES[ending];
  if (contentType === undefined) return Promise.resolve(undefined);
  const known = cache.get(name);
  if (known !== undefined) return known;
  const reading = read(name, contentType);
  // A miss is not kept: names are the client's, and the cache holds no more than the directory does.
  cache.set(name, reading);
  reading.then(
    (file) => file === undefined && cache.delete(name),
    () => cache.delete(name),
  );
  return reading;
}

/** Every file of the page, read ahead, for those who cannot wait at each request. */
export async function loadUiFiles(): Promise<(path: string) => UiFile | undefined> {
  const files = new Map<string, UiFile>();
  for await (const entry of Deno.readDir(DIST)) {
    const file = entry.isFile ? await readUiFile(entry.name) : undefined;
    if (file !== undefined) files.set(entry.name, file);
  }
  return (path) => files.get(nameOf(path));
}

function nameOf(path: string): string {
  const relative = path.startsWith("/") ? path.slice(1) : path;
  return relative.startsWith(ASSETS) ? relative.slice(ASSETS.length) : relative;
}

async function read(name: string, contentType: string): Promise<UiFile | undefined> {
  try {
    return { body: await Deno.readFile(new URL(name, DIST)), contentType };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
