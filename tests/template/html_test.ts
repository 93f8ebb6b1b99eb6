import { ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { HtmlTemplate } from "../../lib/template/html/html_template.ts";
import { SafeHtml } from "../../lib/template/html/safe_html.ts";
import { GoMap, type GoValue } from "../../lib/template/values.ts";
import "../seed.ts";
import { HTML_ERRORS, MARKUP_CASES } from "./html_cases.ts";
import { SCRIPT_CASES } from "./html_script_cases.ts";

async function expand(text: string, value: GoValue): Promise<string> {
  const data = GoMap.ofAny([
    ["V", value],
    ["T", true],
    ["F", false],
    ["L", ["a", "<b>"]],
    ["H", new SafeHtml('<b>x&amp;"y"</b>')],
  ]);
  return await new HtmlTemplate("t").parse(text).expand({ data });
}

Deno.test("a printed value is escaped for the place where it stands, as Go's html/template does", async () => {
  for (const [text, value, wanted] of [...MARKUP_CASES, ...SCRIPT_CASES]) {
    strictEqual(await expand(text, value), wanted, text);
  }
});

Deno.test("a template whose contexts cannot be told is refused in Go's words", async () => {
  for (const [text, value, message] of HTML_ERRORS) {
    await rejects(() => expand(text, value), { message }, text);
  }
});

Deno.test("no value ends the element, the attribute or the string that it stands in", async () => {
  const places: readonly (readonly [before: string, after: string, never: RegExp])[] = [
    ["<p>", "</p>", /[<>]/],
    ['<p title="', '">', /["<>]/],
    ["<p title='", "'>", /['<>]/],
    ["<p title=", ">", /[ \t\n\f\r"'<>=`]/],
    ["<a href='/?q=", "'>", /[^-._~%0-9A-Za-z]/],
    ["<script>'", "'</script>", /['<>\n\r\u2028\u2029]|\\$/],
    ["<script>/", "/</script>", /[<>\n\r]|(?<!\\)\/|\\$/],
    ["<style>a{b:'", "'}</style>", /['"<>(){};]/],
    ["<title>", "</title>", /[<>]/],
  ];
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), fc.constantFrom(...places), async (value, place) => {
      const [before, after, never] = place;
      const page = await expand(`${before}{{.V}}${after}`, value);
      ok(page.startsWith(before) && page.endsWith(after), page);
      const printed = page.slice(before.length, page.length - after.length);
      ok(!never.test(printed.replaceAll("\\\\", "")), `${JSON.stringify(value)}: ${printed}`);
    }),
  );
});
