import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { expandVariables } from "../../lib/config/expand.ts";
import { expandGlob } from "../../lib/config/glob.ts";
import { goLower, goUpper } from "../../lib/config/letter_case.ts";
import { cleanPath, directoryOf, joinPath } from "../../lib/config/paths.ts";
import { nearest } from "../../lib/config/schema/nearest.ts";
import { formatSize, parseSize } from "../../lib/config/schema/size.ts";
import { checkUrl, redactUrl, urlParts } from "../../lib/config/schema/url.ts";
import { memoryFiles } from "./memory_files.ts";

Deno.test("sizes read in units of 1024 and write as Prometheus writes them", () => {
  const cases: readonly (readonly [text: string, bytes: number, written: string])[] = [
    ["0", 0, "0B"],
    ["1B", 1, "1B"],
    ["1KB", 1024, "1KiB"],
    ["15MiB", 15 * 1024 ** 2, "15MiB"],
    ["1.5GB", 1.5 * 1024 ** 3, "1GiB512MiB"],
    ["1GB512MB", 1.5 * 1024 ** 3, "1GiB512MiB"],
    ["-1KB", -1024, "-1KiB"],
  ];
  for (const [text, bytes, written] of cases) {
    strictEqual(parseSize(text), bytes, text);
    strictEqual(formatSize(bytes), written);
    strictEqual(parseSize(written), bytes, written);
  }
  for (const text of ["", "-", "100", "MB", "1XB", "1 MB", "1.2.3MB", "9999999PB"]) {
    strictEqual(typeof parseSize(text), "object", text);
  }
});

Deno.test("letters map as in Go, one to one", () => {
  strictEqual(goUpper("ßǰ ᾳᾀ ﬁ é"), "ßǰ ᾼᾈ ﬁ É");
  strictEqual(goLower("İ ΑΣ É"), "i ασ é");
});

Deno.test("variables expand by the rules of Go's os.Expand", () => {
  const env = (name: string) => ({ A: "1", A_B: "2" } as Readonly<Record<string, string>>)[name];
  const cases: readonly (readonly [text: string, expanded: string, missing: readonly string[]])[] = [
    ["$A ${A} $A_B ${A_B}", "1 1 2 2", []],
    ["$$A $$", "$A $", []],
    ["a$ b$%", "a$ b$%", []],
    ["${} ${A", " A", []],
    ["$X${Y}", "", ["X", "Y"]],
  ];
  for (const [text, expanded, missing] of cases) {
    deepStrictEqual(expandVariables(text, env), { text: expanded, missing }, text);
  }
});

Deno.test("paths join and clean as in Go", () => {
  strictEqual(joinPath("/etc/p", "../x//y/./z"), "/etc/x/y/z");
  strictEqual(joinPath("/etc/p", "/abs"), "/abs");
  strictEqual(joinPath(".", "a"), "a");
  strictEqual(joinPath("/etc", ""), "");
  strictEqual(directoryOf("/a/b.yml"), "/a");
  strictEqual(directoryOf("b.yml"), ".");
  strictEqual(directoryOf("/b.yml"), "/");
  strictEqual(cleanPath("../../a"), "../../a");
});

Deno.test("a pattern stands for the files of its directory that match", async () => {
  const files = memoryFiles({
    "/d/a.yml": "",
    "/d/ab.yml": "",
    "/d/b.json": "",
    "/d/e/a.yml": "",
    "x.yml": "",
  });
  const cases: readonly (readonly [pattern: string, found: readonly string[]])[] = [
    ["/d/*.yml", ["/d/a.yml", "/d/ab.yml"]],
    ["/d/*", ["/d/a.yml", "/d/ab.yml", "/d/b.json"]],
    ["/d/?.yml", ["/d/a.yml"]],
    ["/d/[b-c].*", ["/d/b.json"]],
    ["/d/[^b]*.yml", ["/d/a.yml", "/d/ab.yml"]],
    ["/d/a.yml", ["/d/a.yml"]],
    ["/d/none.yml", []],
    ["/none/*", []],
    ["*.yml", ["x.yml"]],
  ];
  for (const [pattern, found] of cases) deepStrictEqual(await expandGlob(pattern, files), found, pattern);
});

Deno.test("a misspelt name suggests the nearest, and a strange one none", () => {
  const known = ["scrape_interval", "scrape_timeout", "job_name"];
  strictEqual(nearest("scrape_intervall", known), "scrape_interval");
  strictEqual(nearest("Job_Name", known), "job_name");
  strictEqual(nearest("foo", known), undefined);
  strictEqual(nearest("x".repeat(1000), known), undefined);
});

Deno.test("addresses are judged as Go's url.Parse does", () => {
  for (const text of ["http://h:1/p?q#f", "foo", "/path", "https://u:p@h", "", "unix:///run/x"]) {
    strictEqual(checkUrl(text), undefined, text);
  }
  for (const text of ["://x", "http://h:port", "1http:x", "http://a b/", "/%zz", "http://h\x01"]) {
    strictEqual(typeof checkUrl(text), "string", text);
  }
  deepStrictEqual(urlParts("HTTP://u:p@h:1/x"), { scheme: "http", host: "h:1" });
  strictEqual(redactUrl("http://u:p@h/x"), "http://u:xxxxx@h/x");
  strictEqual(redactUrl("http://u@h/x"), "http://u@h/x");
});
