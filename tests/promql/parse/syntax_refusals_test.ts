/** What the grammar refuses: the token that fits nowhere, where it stands, what was expected. */
import { fails } from "./notation.ts";

Deno.test("a label matcher that breaks off is refused", () => {
  fails(
    "foo{gibberish}",
    '1:14: parse error: unexpected "}" in label matching, expected label matching operator',
  );
  fails("{x=}", '1:4: parse error: unexpected "}" in label matching, expected string');
  fails("foo{a=b}", '1:7: parse error: unexpected identifier "b" in label matching, expected string');
  fails(
    'foo{a="b" c="d"}',
    '1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"',
  );
  fails(
    'foo{a="b",,c="d"}',
    '1:11: parse error: unexpected "," in label matching, expected identifier or "}"',
  );
  fails('foo{,a="b"}', '1:5: parse error: unexpected "," in label matching, expected identifier or "}"');
  fails('foo{a=="b"}', '1:7: parse error: unexpected "=" in label matching, expected string');
  fails(
    'foo{a="b",c}',
    '1:12: parse error: unexpected "}" in label matching, expected label matching operator',
  );
  fails(
    'foo{a="b" "c"}',
    '1:11: parse error: unexpected string "\\"c\\"" in label matching, expected "," or "}"',
  );
  fails(
    '{"foo" "bar"}',
    '1:8: parse error: unexpected string "\\"bar\\"" in label matching, expected "," or "}"',
  );
  fails('{"foo" =}', '1:9: parse error: unexpected "}" in label matching, expected string');
  fails('{"foo" = bar}', '1:10: parse error: unexpected identifier "bar" in label matching, expected string');
});

Deno.test("a grouping that breaks off is refused", () => {
  fails("sum(a, b) by ^ (c)", '1:14: parse error: unexpected <op:^> in grouping opts, expected "("');
  fails(
    "a / on(b) group_left(c / d)",
    '1:24: parse error: unexpected <op:/> in grouping opts, expected "," or ")"',
  );
  fails("a * on() group_right", '1:21: parse error: unexpected end of input in grouping opts, expected "("');
  fails("a * on() group_left ,", '1:21: parse error: unexpected "," in grouping opts, expected "("');
  fails("sum without(==) (foo)", "1:13: parse error: unexpected <op:==> in grouping opts, expected label");
  fails("sum without(,) (foo)", '1:13: parse error: unexpected "," in grouping opts, expected label');
  fails("sum without(foo,,) (foo)", '1:17: parse error: unexpected "," in grouping opts, expected label');
  fails('sum by "x" (foo)', '1:8: parse error: unexpected string "\\"x\\"" in grouping opts, expected "("');
  fails("sum(foo) without", '1:17: parse error: unexpected end of input in grouping opts, expected "("');
  fails(
    "sum (foo) by (a b)",
    '1:17: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"',
  );
  fails("sum (foo) by (a = b)", '1:17: parse error: unexpected "=" in grouping opts, expected "," or ")"');
  fails(
    "foo + ignoring bar",
    '1:16: parse error: unexpected identifier "bar" in grouping opts, expected "("',
  );
  fails(
    "foo + on(a b) bar",
    '1:12: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"',
  );
  fails("foo + on(1) bar", '1:10: parse error: unexpected number "1" in grouping opts, expected label');
  fails("sum by (inf) (foo)", '1:9: parse error: unexpected number "inf" in grouping opts, expected label');
  fails("sum by (nan) (foo)", '1:9: parse error: unexpected number "nan" in grouping opts, expected label');
  fails("sum by (without) (foo)", "1:9: parse error: unexpected <without> in grouping opts, expected label");
});

Deno.test("a range or subquery that breaks off is refused", () => {
  fails(
    "foo[]",
    '1:5: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails('foo[5m:5m"x"]', '1:10: parse error: unexpected string "\\"x\\"" in subquery selector, expected "]"');
  fails(
    'foo[5m "x"]',
    '1:8: parse error: unexpected string "\\"x\\"" in subquery or range, expected ":" or "]"',
  );
  fails(
    "min_over_time(rate(foo[5m])[5m:1m)",
    '1:34: parse error: unexpected ")" in subquery selector, expected "]"',
  );
  fails(
    "sum(rate(foo[5m)) by (a, b)",
    '1:16: parse error: unexpected ")" in subquery or range, expected ":" or "]"',
  );
  fails('sum(foo{a="b"}[5m)', '1:18: parse error: unexpected ")" in subquery or range, expected ":" or "]"');
  fails(
    "foo[step]",
    '1:9: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails(
    "foo[step(]",
    '1:10: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails(
    "foo[step(5)]",
    '1:10: parse error: unexpected number "5" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails(
    "foo[max_of(5m)]",
    '1:14: parse error: unexpected ")" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails(
    "foo[max_of(5m,]",
    '1:15: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails(
    "foo[max_of(5m,5m]",
    '1:17: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails(
    "foo[5m+]",
    '1:8: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails(
    "foo[5m+:1m]",
    '1:8: parse error: unexpected ":" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails(
    "foo[5m:1m+]",
    '1:11: parse error: unexpected "]" in subquery selector, expected number, duration, step(), range(), or "]"',
  );
  fails(
    "foo[(5m]",
    '1:8: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  fails("foo[5m 5m]", '1:8: parse error: unexpected duration "5m" in subquery or range, expected ":" or "]"');
  fails("foo[5m:1m 1m]", '1:11: parse error: unexpected duration "1m" in subquery selector, expected "]"');
});

Deno.test("an offset or @ that breaks off is refused", () => {
  fails(
    "foo[5m] offset",
    "1:15: parse error: unexpected end of input in offset, expected number, duration, step(), or range()",
  );
  fails(
    "foo[5m] offset foo",
    '1:16: parse error: unexpected identifier "foo" in offset, expected number, duration, step(), or range()',
  );
  fails("foo @ bar", '1:7: parse error: unexpected identifier "bar" in @, expected timestamp');
  fails("foo @", "1:6: parse error: unexpected end of input in @, expected timestamp");
  fails("foo @ start", "1:12: parse error: unexpected end of input in @, expected timestamp");
  fails(
    "sum(a offset (b))",
    '1:15: parse error: unexpected identifier "b" in offset, expected number, duration, step(), or range()',
  );
  fails(
    "foo offset -foo",
    '1:13: parse error: unexpected identifier "foo" in offset, expected number, duration, step(), or range()',
  );
  fails(
    'foo offset "x"',
    '1:12: parse error: unexpected string "\\"x\\"" in offset, expected number, duration, step(), or range()',
  );
  fails('foo @ "x"', '1:7: parse error: unexpected string "\\"x\\"" in @, expected timestamp');
  fails("foo @ --5", "1:8: parse error: unexpected <op:-> in @, expected timestamp");
  fails("foo @ -foo", '1:8: parse error: unexpected identifier "foo" in @, expected timestamp');
  fails("foo @ end(5)", '1:11: parse error: unexpected number "5" in @, expected timestamp');
  fails(
    "foo offset step",
    "1:16: parse error: unexpected end of input in offset, expected number, duration, step(), or range()",
  );
});

Deno.test("an aggregation that breaks off is refused", () => {
  fails("sum(rate(foo[5m]) by (a, b)", "1:19: parse error: unexpected <by> in aggregation");
  fails("sum(,)", '1:5: parse error: unexpected "," in aggregation');
  fails("sum((foo bar))", '1:10: parse error: unexpected identifier "bar" in aggregation');
  fails("(sum(foo bar) + baz)", '1:10: parse error: unexpected identifier "bar" in aggregation');
});

Deno.test("a token that fits nowhere is refused", () => {
  fails("1 +", "1:4: parse error: unexpected end of input");
  fails("1 == ", "1:6: parse error: unexpected end of input");
  fails("a - on(b) ignoring(c) d", "1:11: parse error: unexpected <ignoring>");
  fails("*test", "1:1: parse error: unexpected <op:*>");
  fails("sum(foo) by (a) by (b)", "1:17: parse error: unexpected <by>");
  fails("sum by (a) (foo) by (b)", "1:18: parse error: unexpected <by>");
  fails("by (a) (foo)", '1:4: parse error: unexpected "("');
  fails("rate(,foo)", '1:6: parse error: unexpected ","');
  fails("foo and group_left bar", "1:9: parse error: unexpected <group_left>");
  fails("foo + on(a) on(b) bar", "1:13: parse error: unexpected <on>");
  fails("foo + on(a) bool bar", "1:13: parse error: unexpected <bool>");
  fails("foo + group_right bar", "1:7: parse error: unexpected <group_right>");
  fails("foo + on(a) group_left bar baz", '1:28: parse error: unexpected identifier "baz"');
  fails("foo > bool > bar", "1:12: parse error: unexpected <op:>>");
  fails("foo <> bar", "1:6: parse error: unexpected <op:>>");
  fails("foo => bar", '1:5: parse error: unexpected "="');
  fails("foo = bar", '1:5: parse error: unexpected "="');
  fails("on", "1:1: parse error: unexpected <on>");
  fails("ignoring", "1:1: parse error: unexpected <ignoring>");
  fails("bool", "1:1: parse error: unexpected <bool>");
  fails("atan2", "1:1: parse error: unexpected <op:atan2>");
  fails("foo bar", '1:5: parse error: unexpected identifier "bar"');
  fails("foo 1", '1:5: parse error: unexpected number "1"');
  fails('foo "x"', '1:5: parse error: unexpected string "\\"x\\""');
  fails('foo {a="b"} {c="d"}', '1:13: parse error: unexpected "{"');
  fails("1 foo", '1:3: parse error: unexpected identifier "foo"');
  fails("1 2", '1:3: parse error: unexpected number "2"');
  fails("1(2)", '1:2: parse error: unexpected "("');
  fails("sum(foo)(bar)", '1:9: parse error: unexpected "("');
  fails("-", "1:2: parse error: unexpected end of input");
  fails("+", "1:2: parse error: unexpected end of input");
  fails("--", "1:3: parse error: unexpected end of input");
  fails("foo ^ ^ bar", "1:7: parse error: unexpected <op:^>");
  fails('foo{a="é"} bar', '1:13: parse error: unexpected identifier "bar"');
  fails("\n\n foo bar", '3:6: parse error: unexpected identifier "bar"');
  fails("foo((bar baz))", '1:10: parse error: unexpected identifier "baz"');
  fails("1:2", '1:2: parse error: unexpected metric identifier ":2"');
  fails("[5m]", '1:1: parse error: unexpected "["');
  fails("[", '1:1: parse error: unexpected "["');
  fails(",", '1:1: parse error: unexpected ","');
  fails("@", "1:1: parse error: unexpected <op:@>");
  fails("=", '1:1: parse error: unexpected "="');
  fails("foo + fill_left(1) fill_left(2) bar", "1:20: parse error: unexpected <fill_left>");
  fails("foo + fill() bar", '1:12: parse error: unexpected ")"');
  fails("foo + fill(bar) baz", '1:12: parse error: unexpected identifier "bar"');
  fails("fill(foo)", "1:1: parse error: unexpected <fill>");
  fails("foo < / bar", "1:7: parse error: unexpected <op:/>");
});
