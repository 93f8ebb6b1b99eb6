import assert, { strictEqual } from "node:assert/strict";
import { loadUiFiles, readUiFile } from "../../lib/sys/ui_files.ts";
import { isUiUpToDate } from "../../tools/build_ui.ts";

Deno.test("the committed page was built from the sources as they are (otherwise: deno task ui)", async () => {
  strictEqual(await isUiUpToDate(), true);
});

Deno.test("every file of the page is served with its content type", async () => {
  const types = {
    "index.html": "text/html; charset=utf-8",
    "/index.html": "text/html; charset=utf-8",
    "/assets/app.js": "text/javascript; charset=utf-8",
    "assets/app.css": "text/css; charset=utf-8",
    "favicon.svg": "image/svg+xml",
  };
  const files = await loadUiFiles();
  for (const [path, contentType] of Object.entries(types)) {
    const file = await readUiFile(path);
    assert(file !== undefined, path);
    strictEqual(file.contentType, contentType);
    assert(file.body.length > 100, path);
    strictEqual(files(path)?.contentType, contentType);
  }
});

Deno.test("no path leads out of the page's directory, and unknown files are undefined", async () => {
  const files = await loadUiFiles();
  const paths = [
    "../app.tsx",
    "/../index.html",
    "/assets/../../app.css",
    "..%2fapp.css",
    "%2e%2e/app.css",
    "..\\app.css",
    "//etc/passwd.html",
    "file:///etc/passwd.html",
    ".hidden.html",
    "missing.js",
    "source_hash.txt",
    "",
    "/",
  ];
  for (const path of paths) {
    strictEqual(await readUiFile(path), undefined, path);
    strictEqual(files(path), undefined, path);
  }
});

Deno.test("the page asks for nothing outside this server", async () => {
  const html = new TextDecoder().decode((await readUiFile("index.html"))!.body);
  const css = new TextDecoder().decode((await readUiFile("app.css"))!.body);
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g)) {
    assert(address!.startsWith("PATH_PREFIX_PLACEHOLDER/"), address);
  }
  assert(!/url\(|@import/.test(css));
});
