import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../lib/core/errors.ts";
import {
  compileAnchored,
  compileReference,
  compileUnanchored,
  expandTemplate,
  foldsCase,
} from "../../lib/model/regex.ts";
import { backtrackingRegExp } from "../../lib/model/regex/backtracking.ts";
import { automatonOf } from "../../lib/model/regex/automaton.ts";
import { parseRegex } from "../../lib/model/regex/parse.ts";

Deno.test("a pattern that is a list of strings knows its strings", () => {
  const cases: readonly (readonly [pattern: string, literals: readonly string[] | undefined])[] = [
    ["foo", ["foo"]],
    ["", [""]],
    ["a|b|c", ["a", "b", "c"]],
    ["(a|b)", ["a", "b"]],
    ["pre(x|y)", ["prex", "prey"]],
    ["(?:a|b)c?", ["ac", "a", "bc", "b"]],
    ["[ab]1", ["a1", "b1"]],
    ["host\\.example\\.org", ["host.example.org"]],
    ["^foo$", ["foo"]],
    ["foo|", ["foo", ""]],
    ["foo.*", undefined],
    ["(?i)foo", undefined],
    ["[a-z]", undefined],
    ["a+", undefined],
  ];
  for (const [pattern, literals] of cases) {
    const found = compileAnchored(pattern).literals;
    deepStrictEqual(found?.toSorted(), literals?.toSorted(), pattern);
  }
});

Deno.test("a pattern knows what its matches begin with", () => {
  const cases: readonly (readonly [pattern: string, prefix: string])[] = [
    ["foo.*", "foo"],
    ["foo(bar|baz)", "fooba"],
    ["foo[0-9]+", "foo"],
    ["a.*|ab", "a"],
    [".*foo", ""],
    ["(?i)foo.*", ""],
    ["x*y", ""],
    ["^foo.+", "foo"],
    ["(foo).*", "foo"],
  ];
  for (const [pattern, prefix] of cases) strictEqual(compileAnchored(pattern).prefix, prefix, pattern);
});

Deno.test("patterns match whole texts, and the dot matches a newline", () => {
  const cases: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
    ["foo", "foo", true],
    ["foo", "foobar", false],
    ["foo.*", "foo\nbar", true],
    ["foo.+", "foo", false],
    [".*bar", "foo\nbar", true],
    ["a.*b.+c", "aXbYc", true],
    ["a.*b.+c", "abc", false],
    [".+", "", false],
    [".*", "", true],
    ["a.*a", "a", false],
    [".*a.*a.*", "xaya", true],
    ["(?i)error.*", "ERRORs", true],
    ["[^/]+/[^/]+", "a/b", true],
    ["[^/]+/[^/]+", "a/b/c", false],
    ["\\d{3}-\\d+", "123-4", true],
    ["1.?2", "1x2", true],
    ["1.?2", "12", true],
    [".", "😀", true],
    ["..", "😀", false],
    ["(?i)k", "\u212a", true],
  ];
  for (const [pattern, text, matches] of cases) {
    strictEqual(compileAnchored(pattern).matches(text), matches, `${pattern} on ${JSON.stringify(text)}`);
  }
});

Deno.test("a bad pattern is refused in Go's words", () => {
  const cases: readonly (readonly [pattern: string, part: string])[] = [
    ["(", "error parsing regexp: missing closing ): `(`"],
    [")", "error parsing regexp: unexpected ): `)`"],
    ["a)|(b", "error parsing regexp: unexpected )"],
    ["*a", "error parsing regexp: missing argument to repetition operator: `*`"],
    ["a**", "error parsing regexp: invalid nested repetition operator: `**`"],
    ["[z-a]", "error parsing regexp: invalid character class range: `z-a`"],
    ["(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"],
    ["\\1", "error parsing regexp: invalid escape sequence: `\\1`"],
    ["[a", "error parsing regexp: missing closing ]: `[a`"],
  ];
  for (const [pattern, part] of cases) {
    throws(() => compileAnchored(pattern), (error) => {
      strictEqual(error instanceof UserError && error.message.startsWith(part), true, `${pattern}: ${error}`);
      return true;
    });
  }
});

Deno.test("groups fill a template by Go's rules", () => {
  const cases:
    readonly (readonly [pattern: string, text: string, template: string, out: string | undefined])[] = [
      ["(.*)", "abc", "$1", "abc"],
      ["(.*);(.*)", "a;b", "$2-${1}", "b-a"],
      ["(.*);(.*)", "a;b;c", "$1", "a;b"],
      ["(a)(b)?", "a", "[$2]", "[]"],
      ["(a)", "a", "$1_x", ""],
      ["(a)", "a", "${1}_x", "a_x"],
      ["(a)", "a", "$$1", "$1"],
      ["(a)", "a", "$01 $é.", " ."],
      ["(a)", "a", "$0$9", "a"],
      ["(?P<name>.+)", "v", "$name", "v"],
      ["(a)", "b", "$1", undefined],
      ["([^.]+)\\.(.+)", "web.example.org", "${1}@$2", "web@example.org"],
      ["foo|bar", "bar", "$0", "bar"],
    ];
  for (const [pattern, text, template, out] of cases) {
    strictEqual(compileAnchored(pattern).expand(text, template), out, `${pattern} ${template}`);
    strictEqual(compileReference(pattern).expand(text, template), out, `reference ${pattern} ${template}`);
  }
  strictEqual(expandTemplate("$a${b}$$ $", (name) => `<${name}>`), "<a><b>$ $");
});

Deno.test("patterns that could backtrack for long stay with the linear engine", () => {
  for (const pattern of ["(a+)+", "(a|a)*", ".*a.*b.*c", "a*a*a*b", "(x+x+)+y", "(?:a?){30}a{30}"]) {
    const parsed = parseRegex(pattern);
    strictEqual(parsed === undefined ? undefined : backtrackingRegExp(parsed), undefined, pattern);
  }
  for (const pattern of ["[a-z]+[0-9]*", "a.*b", "([^:]+):([0-9]+)", "foo[0-9]{1,3}"]) {
    strictEqual(backtrackingRegExp(parseRegex(pattern)!) instanceof RegExp, true, pattern);
  }
  strictEqual(compileAnchored("(a+)+").matches("a".repeat(5000) + "b"), false);
  strictEqual(compileAnchored("[a-z]*x").matches("a".repeat(100_000)), false);
});

Deno.test("long lists are one look-up, and other long patterns an automaton of their size", () => {
  const hosts = Array.from({ length: 5_000 }, (_, i) => `host${i}`);
  const list = compileAnchored(hosts.join("|"));
  strictEqual(list.literals?.length, hosts.length);
  strictEqual(list.matches("host4999") && !list.matches("host5000"), true);
  const framed = compileAnchored(`pre-(${hosts.join("|")})-post`);
  strictEqual(framed.literals?.length, hosts.length);
  strictEqual(framed.prefix, "pre-host");
  const shapes: readonly (readonly [pattern: string, yes: string, no: string])[] = [
    [hosts.map((host) => `${host}\\.[a-z]+`).join("|"), "host77.example", "host5000.example"],
    [hosts.map((host) => `${host}.x`).join("|"), "host77:x", "host77:y"],
    ["(?i)" + hosts.join("|"), "HOST77", "HOST9000"],
    ["(?i)" + hosts.map((host) => `${host}k`).join("|"), "host77\u212a", "host77"],
    [".*".repeat(5_000) + "x", "aax", "aay"],
    ["[ab]".repeat(5_000), "ab".repeat(2_500), "a"],
    ["a?".repeat(2_000) + "a".repeat(2_000), "a".repeat(3_000), "a".repeat(4_001)],
  ];
  for (const [pattern, yes, no] of shapes) {
    const what = pattern.slice(0, 40);
    const parsed = parseRegex(pattern);
    strictEqual(parsed !== undefined && automatonOf(parsed) !== undefined, true, what);
    const regex = compileAnchored(pattern);
    strictEqual(regex.matches(yes), true, what);
    strictEqual(regex.matches(no), false, what);
  }
});

Deno.test("an automaton forgets its states before they fill memory, and goes on", () => {
  const automaton = automatonOf(parseRegex(".*a.{12}b.*c")!)!;
  const reference = compileReference(".*a.{12}b.*c");
  let seed = 1;
  for (let round = 0; round < 200; round++) {
    let text = "";
    for (let i = 0; i < 200; i++) {
      seed = Math.imul(seed, 1_103_515_245) + 12_345 >>> 0;
      text += "abcd"[seed >>> 30]!;
    }
    strictEqual(automaton.matches(text), reference.matches(text), text);
  }
});

Deno.test("repetitions in one another are refused where RE2 refuses them", () => {
  throws(() => compileAnchored("((a{100}){100})"), { message: /^error parsing regexp: / });
  strictEqual(compileAnchored("(a{10}){10}").matches("a".repeat(100)), true);
  throws(() => compileAnchored("\\p{L}".repeat(1_000)), {
    message: "error parsing regexp: expression too large",
  });
  throws(() => compileAnchored("[a-z]{1,100}".repeat(5_000)), {
    message: "error parsing regexp: expression too large",
  });
  // Each within the limit, together too many steps: the full engine takes them.
  strictEqual(automatonOf(parseRegex("(?:(?:[ab]{30}){30})".repeat(400))!), undefined);
});

Deno.test("case folding and unanchored search", () => {
  strictEqual(foldsCase("(?i)abc"), true);
  strictEqual(foldsCase("abc"), false);
  const found = compileUnanchored("b+").finds;
  strictEqual(found("abbc"), true);
  strictEqual(found("ac"), false);
});

const atom = fc.constantFrom(
  "a",
  "b",
  "ab",
  "k",
  "é",
  "😀",
  ".",
  "[ab]",
  "[^a]",
  "[a-c]",
  "\\.",
  "\\d",
  "\\w",
  "\\s",
  "\\W",
  "[\\d.]",
  "-",
  "^",
  "$",
  "\n",
  "[]a]",
  "[a-]",
  "{",
  "}",
  "]",
);
const quantifier = fc.constantFrom("", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,}", "**");
const pattern = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    atom,
    tie("pattern").map((inner) => `(${inner})`),
    tie("pattern").map((inner) => `(?:${inner})`),
    tie("pattern").map((inner) => `(?s:${inner})`),
  ),
  pattern: fc.array(
    fc.array(fc.tuple(tie("piece"), quantifier).map(([piece, times]) => piece + times), { maxLength: 4 })
      .map((pieces) => pieces.join("")),
    { minLength: 1, maxLength: 3 },
  ).map((branches) => branches.join("|")),
})).pattern;
const subject = fc.array(
  fc.constantFrom("a", "b", "c", "A", "k", "K", "\u212a", "é", "É", "😀", "1", ".", "-", "\n", " ", "_"),
  { maxLength: 8 },
).map((chars) => chars.join(""));

Deno.test("the fast ways agree with the full engine on patterns and texts of all kinds", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      pattern,
      fc.array(subject, { minLength: 1, maxLength: 12 }),
      (folded, body, texts) => {
        const source = (folded ? "(?i)" : "") + body;
        let reference;
        try {
          reference = compileReference(source);
        } catch (error) {
          throws(() => compileAnchored(source), { message: (error as Error).message });
          return;
        }
        const regex = compileAnchored(source);
        const parsed = parseRegex(source);
        const automaton = parsed === undefined ? undefined : automatonOf(parsed);
        for (const text of texts) {
          const expected = reference.matches(text);
          strictEqual(regex.matches(text), expected, `${source} on ${JSON.stringify(text)}`);
          if (automaton !== undefined) {
            strictEqual(automaton.matches(text), expected, `automaton of ${source}`);
          }
          strictEqual(regex.expand(text, "<$0|$1|$2>"), reference.expand(text, "<$0|$1|$2>"), source);
          if (expected) strictEqual(text.startsWith(regex.prefix), true, `prefix of ${source}`);
          if (regex.literals !== undefined) strictEqual(regex.literals.includes(text), expected, source);
        }
      },
    ),
    { numRuns: 1500, seed: 20260101 },
  );
});
