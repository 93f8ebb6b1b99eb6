import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { parseQueryString } from "../../lib/http/query_string.ts";
import { sniffedTextType } from "../../lib/http/sniffed_type.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { consoleFiles } from "../../server/console_files.ts";
import { memoryFiles } from "../config/memory_files.ts";
import { NOW_MS, resultOf, worldOf } from "./fixtures.ts";

function consoles(files: Record<string, string>) {
  const directories = { templates: "/etc/consoles", libraries: "/etc/libs" };
  return worldOf((deps) => ({ ...deps, consoles: consoleFiles(memoryFiles(files), directories) }));
}

async function page(files: Record<string, string>, path: string) {
  const response = await consoles(files).get(path);
  return { status: response.status, type: response.headers.get("Content-Type"), body: await response.text() };
}

Deno.test("a console knows the parameters, its path and the external labels", async () => {
  const text = "<p>{{ $params.a }} {{ $rawParams.a }} {{ $rawParams.Get `b` }} {{ $path }} " +
    "{{ $externalLabels.region }} {{ .Params.none }} {{ .RawParams.none }}</p>";
  const { status, type, body } = await page(
    { "/etc/consoles/x/y.html": text },
    "/consoles/x/y.html?a=1&a=%3C&b=2",
  );
  strictEqual(status, 200);
  strictEqual(type, "text/html; charset=utf-8");
  strictEqual(body, "<p>1 [1 &lt;] 2 x/y.html eu  </p>");
});

Deno.test("a console asks the engine at the time of the request", async () => {
  const world = consoles({
    "/etc/consoles/q.html": "<p>{{ range query `up` }}{{ .Labels.job }}={{ .Value }} {{ end }}{{ now }}</p>",
  });
  world.engine.answer = resultOf({
    kind: "vector",
    tMs: NOW_MS,
    labels: [labelsFromRecord({ job: "<a>" })],
    values: Float64Array.of(0.5),
  });
  const response = await world.get("/consoles/q.html");
  strictEqual(
    await response.text(),
    `<p>&lt;a&gt;=0.5 ${NOW_MS / 1000}</p>`.replace(/[0-9.]+(?=<\/p>)/, "1.70000000025e&#43;09"),
  );
  deepStrictEqual(world.engine.calls.map(({ query, times }) => [query, times]), [["up", [NOW_MS]]]);
});

Deno.test("a console uses what the libraries define, with a name that is a value", async () => {
  const files = {
    "/etc/consoles/a.html": '<a title="{{ template `t` . }}">{{ tmpl .Params.name "<x>" }}</a>',
    "/etc/libs/one.lib": "{{ define `t` }}{{ .Path }}'{{ end }}",
    "/etc/libs/two.lib": "{{ define `b` }}<b>{{ . }}</b>{{ end }}",
    "/etc/libs/no.txt": "{{ broken",
  };
  const { body } = await page(files, "/consoles/a.html?name=b");
  strictEqual(body, `<a title="a.html'"><b>&lt;x&gt;</b></a>`);
});

Deno.test("what is wrong with a console is told in Prometheus's words", async () => {
  const cases: readonly (readonly [text: string, status: number, message: string])[] = [
    [
      "{{ nope }}",
      500,
      'error parsing template __console_/c.html: template: __console_/c.html:1: function "nope" not defined\n',
    ],
    [
      "{{ query `up +` }}",
      500,
      'error executing template __console_/c.html: template: __console_/c.html:1:110: executing "__console_/c.html" at ' +
      "<query `up +`>: error calling query: 1:5: parse error: unexpected end of input\n",
    ],
    [
      "<a href='{{ .Path }}",
      500,
      "error executing template __console_/c.html: html/template:__console_/c.html: ends in a non-text context: " +
      "{stateURL delimSingleQuote urlPartNone jsCtxRegexp [] attrURL elementNone <nil>}\n",
    ],
    [
      "{{ tmpl `gone` . }}",
      500,
      'error executing template __console_/c.html: template: __console_/c.html:1:110: executing "__console_/c.html" at ' +
      '<tmpl `gone` .>: error calling tmpl: html/template: "gone" is undefined\n',
    ],
  ];
  for (const [text, status, message] of cases) {
    const answer = await page({ "/etc/consoles/c.html": text }, "/consoles/c.html");
    deepStrictEqual([answer.status, answer.body], [status, message]);
  }
  const library = await page(
    { "/etc/consoles/c.html": "", "/etc/libs/a.lib": "{{ if }}{{ end }}" },
    "/consoles/c.html",
  );
  strictEqual(library.status, 500);
  ok(
    library.body.startsWith("error parsing template files for __console_/c.html: template: a.lib:1: "),
    library.body,
  );
});

Deno.test("a console that is not there is a 404, and no path leads out of the directory", async () => {
  const files = { "/etc/consoles/a.html": "x", "/etc/passwd": "secret" };
  const missing = await page(files, "/consoles/no.html");
  deepStrictEqual([missing.status, missing.body], [
    404,
    "open /etc/consoles/no.html: no such file or directory\n",
  ]);
  for (
    const path of [
      "../passwd",
      "%2e%2e/passwd",
      "..%2fpasswd",
      "%2e%2e%2fpasswd",
      "a/..%2f..%2fpasswd",
      "/../passwd",
    ]
  ) {
    const { status, body } = await page(files, `/consoles/${path}`);
    strictEqual(status, 404, path);
    ok(!body.includes("secret"), path);
  }
  strictEqual((await page(files, "/consoles/a.html%00")).status, 404);
});

Deno.test("a console that never ends is stopped, and says so", async () => {
  const files = { "/etc/consoles/a.html": "{{ define `r` }}{{ tmpl `r` . }}{{ end }}{{ tmpl `r` . }}" };
  const { status, body } = await page(files, "/consoles/a.html");
  strictEqual(status, 500);
  ok(body.includes("exceeded maximum template depth"), body.slice(0, 200));
});

Deno.test("the query of an address is read strictly", async () => {
  deepStrictEqual([...parseQueryString("a=1+2&b=%C3%BC&a=&c&&=x")], [
    ["a", ["1 2", ""]],
    ["b", ["ü"]],
    ["c", [""]],
    ["", ["x"]],
  ]);
  const files = { "/etc/consoles/a.html": "x" };
  const escape = await page(files, "/consoles/a.html?a=%zz");
  deepStrictEqual([escape.status, escape.body], [400, 'invalid URL escape "%zz"\n']);
  const semicolon = await page(files, "/consoles/a.html?a=1;b=2");
  deepStrictEqual([semicolon.status, semicolon.body], [400, "invalid semicolon separator in query\n"]);
});

Deno.test("only what begins as a page is served as one", () => {
  strictEqual(sniffedTextType(" \n<!doctype html>"), "text/html; charset=utf-8");
  strictEqual(sniffedTextType("<a href=x>"), "text/html; charset=utf-8");
  strictEqual(sniffedTextType("<abbr>"), "text/plain; charset=utf-8");
  strictEqual(sniffedTextType("text <html>"), "text/plain; charset=utf-8");
  strictEqual(sniffedTextType("<?xml version='1.0'?>"), "text/xml; charset=utf-8");
});
