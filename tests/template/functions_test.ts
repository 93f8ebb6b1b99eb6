import { ok, rejects, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../lib/core/errors.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { TEMPLATE_LIMITS } from "../../lib/template/budget.ts";
import { prometheusFunctions, type TemplateWorld } from "../../lib/template/prometheus_functions.ts";
import { Template } from "../../lib/template/template.ts";
import { TemplateError } from "../../lib/template/template_error.ts";
import { GoMap, GoStruct, type GoValue } from "../../lib/template/values.ts";

const WORLD: TemplateWorld = {
  query: (expression) => {
    if (expression === "bad") return Promise.reject(new UserError("execution", "it broke"));
    if (expression === "none") return Promise.resolve([]);
    return Promise.resolve([
      { labels: labelsFromRecord({ __name__: "up", instance: "b", __value__: "v" }), value: 21 },
      { labels: labelsFromRecord({ __name__: "up", instance: "a" }), value: 11 },
    ]);
  },
  nowMs: () => 1_700_000_000_500,
  externalUrl: "http://example.com:9090/prom/",
};

const DATA = new GoStruct({
  typeName: "template.data",
  fields: new Map<string, GoValue>([["Value", 1234567.891], ["Labels", GoMap.ofStrings([["job", "api"]])]]),
});

function expand(text: string): Promise<string> {
  return new Template("t", prometheusFunctions(WORLD)).parse(text).expand({ data: DATA });
}

async function same(text: string, expanded: string): Promise<void> {
  strictEqual(await expand(text), expanded, text);
}

Deno.test("numbers are written for people", async () => {
  await same(
    "{{ humanize .Value }} {{ humanize 0.0 }} {{ humanize 1e30 }} {{ humanize 0.00012 }}",
    "1.235M 0 1e+06Y 120u",
  );
  await same('{{ humanize "1500" }} {{ humanize -2500.0 }} {{ humanize 3 }}', "1.5k -2.5k 3");
  await same("{{ humanize1024 1048576.0 }} {{ humanize1024 0.5 }} {{ humanize1024 1.0 }}", "1Mi 0.5 1");
  await same(
    "{{ humanizeDuration 0 }}|{{ humanizeDuration 59.5 }}|{{ humanizeDuration 3661 }}|{{ humanizeDuration 90061.0 }}",
    "0s|59.5s|1h 1m 1s|1d 1h 1m 1s",
  );
  await same("{{ humanizeDuration 0.0012 }}|{{ humanizeDuration -61.0 }}", "1.2ms|-1m 1s");
  await same("{{ humanizePercentage 0.1234567 }} {{ humanizePercentage -1.0 }}", "12.35% -100%");
  await same("{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC");
  await same("{{ humanizeTimestamp 0.0 }}", "1970-01-01 00:00:00 +0000 UTC");
});

Deno.test("what is no number is refused with its reason", async () => {
  await rejects(expand('{{ humanize "one" }}'), {
    message: 'template: t:1:3: executing "t" at <humanize "one">: error calling humanize: ' +
      'strconv.ParseFloat: parsing "one": invalid syntax',
  });
  await rejects(expand("{{ humanize true }}"), /can't convert bool to float/);
  await rejects(expand("{{ toTime 1e300 }}"), /1e\+300 cannot be represented as a nanoseconds timestamp/);
});

Deno.test("queries, their samples and their order", async () => {
  await same('{{ query "up" | first | value }} {{ query "up" | first | label "instance" }}', "21 b");
  await same(
    '{{ range query "up" | sortByLabel "instance" }}{{ .Labels.instance }}={{ .Value }} {{ end }}',
    "a=11 b=21 ",
  );
  await same('{{ with query "none" }}{{ . | first | value }}{{ else }}nothing{{ end }}', "nothing");
  await same('{{ query "up" | first | strvalue }}', "v");
  await rejects(
    expand('{{ query "none" | first | value }}'),
    /error calling first: first\(\) called on vector with no elements/,
  );
  await rejects(expand('{{ query "bad" }}'), /error calling query: it broke/);
  await rejects(expand("{{ first 1 }}"), TemplateError);
});

Deno.test("texts, addresses and links", async () => {
  await same('{{ title "aa bb cc" }} {{ toUpper "aB" }} {{ toLower "aB" }}', "Aa Bb Cc AB ab");
  await same('{{ match "b+" "abbc" }} {{ match "^b" "abbc" }}', "true false");
  await same('{{ reReplaceAll "(a)b" "x$1" "ab ab" }} {{ reReplaceAll "a*" "-" "baac" }}', "xa xa -b-c-");
  await rejects(expand('{{ match "(" "x" }}'), /error calling match: error parsing regexp/);
  await same(
    '{{ stripPort "host:8080" }} {{ stripPort "[::1]:80" }} {{ stripPort "host" }}',
    "host ::1 host",
  );
  await same(
    '{{ stripDomain "a.b.c:80" }} {{ stripDomain "10.0.0.1:80" }} {{ stripDomain "[::1]:80" }} {{ stripDomain "a.b" }}',
    "a:80 10.0.0.1:80 [::1]:80 a",
  );
  await same('{{ graphLink "up == 0" }}', "/graph?g0.expr=up+%3D%3D+0&g0.tab=0");
  await same('{{ tableLink "up" }} {{ urlQueryEscape "a b/c" }}', "/graph?g0.expr=up&g0.tab=1 a+b%2Fc");
  await same("{{ externalURL }} {{ pathPrefix }}", "http://example.com:9090/prom/ /prom");
  await same('{{ parseDuration "1h2m10ms" }} {{ now }}', "3720.01 1.7000000005e+09");
  await rejects(expand('{{ parseDuration "1x" }}'), /not a valid duration string: "1x"/);
  await same('{{ (args 1 "b").arg1 }} {{ safeHtml "<b>" }}', "b <b>");
});

Deno.test("times and durations have Go's methods", async () => {
  await same(
    '{{ (toTime 1435065584.128).Format "2006-01-02T15:04:05.000Z07:00" }}',
    "2015-06-23T13:19:44.128Z",
  );
  await same(
    '{{ (toTime 1435065584).Format "Mon, 2 Jan 2006 3:04PM MST -0700 002" }}',
    "Tue, 23 Jun 2015 1:19PM UTC +0000 174",
  );
  await same(
    "{{ (toTime 0).Year }} {{ (toTime 0).Weekday }} {{ toTime 1.5 }}",
    "1970 Thursday 1970-01-01 00:00:01.5 +0000 UTC",
  );
  await same("{{ toDuration 3723.5 }} {{ (toDuration 90).Minutes }} {{ toDuration 0 }}", "1h2m3.5s 1.5 0s");
  await same("{{ (toDuration 0.0015) }} {{ toDuration 3600 }}", "1.5ms 1h0m0s");
});

Deno.test("a template that loops, recurses or prints without end is stopped", async () => {
  const limits = { ...TEMPLATE_LIMITS, stepsMax: 10_000, outputCharsMax: 10_000, depthMax: 50 };
  const bounded = (text: string) =>
    new Template("t", prometheusFunctions(WORLD)).parse(text).expand({ data: DATA, limits });
  await rejects(bounded("{{ range 9999 }}{{ range 9999 }}{{ end }}{{ end }}"), /more than 10000 steps/);
  await rejects(bounded("{{ range 99999999 }}{{ end }}"), /exceeds the limit of 10000 steps/);
  await rejects(
    bounded('{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}'),
    /exceeded maximum template depth \(50\)/,
  );
  await rejects(bounded('{{ $x := printf "%20000d" 1 }}'), /more than 10000 characters of text/);
  await rejects(bounded("{{ range 2000 }}0123456789{{ end }}"), /more than 10000 characters of text/);
  throws(() => new Template("t").parse("{{ if 1 }}".repeat(1000)), /nested deeper than/);
  throws(() => new Template("t").parse(`{{ ${"(".repeat(1000)}`), /nested deeper than/);
});

Deno.test("an aborted expansion ends with the signal's reason", async () => {
  const abort = new AbortController();
  abort.abort(new Error("shutting down"));
  const template = new Template("t").parse("{{ range 9999 }}{{ end }}");
  await rejects(template.expand({ data: DATA, signal: abort.signal }), { message: "shutting down" });
});

Deno.test("whatever the text, the answer is a text or a template error", async () => {
  const word = fc.constantFrom(
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    "if",
    "else",
    "end",
    "range",
    "with",
    "define",
    "template",
    "block",
    "break",
    '"a"',
    "`r`",
    "'c'",
    "1",
    "-2.5",
    ".",
    ".Labels",
    ".Value",
    "$",
    "$x",
    ":=",
    "=",
    "|",
    "(",
    ")",
    ",",
    "printf",
    "len",
    "index",
    "query",
    "and",
    "eq",
    "nil",
    "true",
    "/*",
    "*/",
    "\n",
    "é",
    '"',
    "%d",
    "0x",
    "\\",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 30 }), async (words) => {
      try {
        await expand(words.join(fc.stringify(words).length % 2 === 0 ? " " : ""));
      } catch (error) {
        ok(error instanceof TemplateError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
