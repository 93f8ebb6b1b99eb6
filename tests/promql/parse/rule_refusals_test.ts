/** What is good syntax but breaks a rule: of types, of modifiers, of arguments. */
import { fails } from "./notation.ts";

Deno.test("arguments have to fit the function", () => {
  fails("sum() ", "1:1: parse error: no arguments for aggregate expression provided");
  fails(
    "sum(foo, bar)",
    "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2",
  );
  fails(
    "topk(foo)",
    "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
  );
  fails(
    "topk(1, 2, 3)",
    "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 3",
  );
  fails(
    "rate(foo)",
    '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
  );
  fails("rate(foo[5m], 5)", '1:1: parse error: expected 1 argument(s) in call to "rate", got 2');
  fails("rate()", '1:1: parse error: expected 1 argument(s) in call to "rate", got 0');
  fails("rate(foo[5m],)", "1:13: parse error: trailing commas not allowed in function call args");
  fails("unknown(foo)", '1:1: parse error: unknown function with name "unknown"');
  fails("unknown(foo) + )", '1:1: parse error: unknown function with name "unknown"');
  fails("label_replace(foo)", '1:1: parse error: expected 5 argument(s) in call to "label_replace", got 1');
  fails("round()", '1:1: parse error: expected at least 1 argument(s) in call to "round", got 0');
  fails("round(foo, 1, 2)", '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3');
  fails(
    "label_join(foo)",
    '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1',
  );
  fails(
    "absent(1)",
    '1:8: parse error: expected type instant vector in call to function "absent", got scalar',
  );
  fails(
    "vector(foo)",
    '1:8: parse error: expected type scalar in call to function "vector", got instant vector',
  );
  fails(
    "histogram_quantile(foo, foo)",
    '1:20: parse error: expected type scalar in call to function "histogram_quantile", got instant vector',
  );
  fails(
    'floor("x")',
    '1:7: parse error: expected type instant vector in call to function "floor", got string',
  );
  fails("foo(1)", '1:1: parse error: unknown function with name "foo"');
  fails("foo ()", '1:1: parse error: unknown function with name "foo"');
  fails("sum(foo, )", "1:8: parse error: trailing commas not allowed in function call args");
  fails(
    "topk by (x) (foo)",
    "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
  );
  fails("RATE(foo[5m])", '1:1: parse error: unknown function with name "RATE"');
  fails(
    "limitk(5)",
    "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
  );
  fails("info(foo, bar)", "1:11: parse error: expected label selectors only, got vector selector instead");
  fails(
    'info(foo, bar{a="b"})',
    "1:11: parse error: expected label selectors only, got vector selector instead",
  );
  fails("info(foo, sum(bar))", "1:11: parse error: expected label selectors only");
  fails(
    "info(foo, 5)",
    '1:1: parse error: expected type instant vector in call to function "info", got scalar',
  );
  fails("info(foo, {}, 5)", '1:1: parse error: expected at most 2 argument(s) in call to "info", got 3');
  fails(
    'histogram_quantiles(foo, "q")',
    '1:1: parse error: expected at least 3 argument(s) in call to "histogram_quantiles", got 2',
  );
  fails(
    'histogram_quantiles(foo, "q", 1,2,3,4,5,6,7,8,9,10,11)',
    '1:1: parse error: expected at most 12 argument(s) in call to "histogram_quantiles", got 13',
  );
  fails(
    "max_of(1, foo)",
    '1:11: parse error: expected type scalar in call to function "max_of", got instant vector',
  );
});

Deno.test("aggregations have to fit their operands", () => {
  fails(
    "topk(foo, bar)",
    "1:6: parse error: expected type scalar in aggregation parameter, got instant vector",
  );
  fails(
    "count_values(5, foo)",
    "1:14: parse error: expected type string in aggregation parameter, got scalar",
  );
  fails('sum("x")', "1:5: parse error: expected type instant vector in aggregation expression, got string");
  fails(
    "sum(foo[5m])",
    "1:5: parse error: expected type instant vector in aggregation expression, got range vector",
  );
  fails('quantile("x", foo)', "1:10: parse error: expected type scalar in aggregation parameter, got string");
  fails(
    'count_values("x", foo[5m])',
    "1:19: parse error: expected type instant vector in aggregation expression, got range vector",
  );
});

Deno.test("modifiers have to follow what they modify, once", () => {
  fails(
    "1 offset 1d",
    "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  );
  fails("foo offset 1s offset 2s", "1:1: parse error: offset may not be set multiple times");
  fails("foo offset 5m[5m]", "1:14: parse error: no offset modifiers allowed before range");
  fails("foo @ 5 [5m]", "1:9: parse error: no @ modifiers allowed before range");
  fails("foo @ 5 @ 6", "1:1: parse error: @ <timestamp> may not be set multiple times");
  fails("foo @ start() @ 6", "1:1: parse error: @ <timestamp> may not be set multiple times");
  fails("foo @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf");
  fails("foo @ NaN", "1:1: parse error: timestamp out of bounds for @ modifier: NaN");
  fails(
    "foo @ 1e100",
    "1:1: parse error: timestamp out of bounds for @ modifier: 10000000000000000159028911097599180468360808563945281389781327557747838772170381060813469985856815104.000000",
  );
  fails(
    "(foo + bar) offset 5m",
    "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  );
  fails(
    "(foo + bar) @ 5",
    "1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  );
  fails("rate(foo[5m])[5m:] offset 5m offset 6m", "1:1: parse error: offset may not be set multiple times");
  fails(
    '"a" offset 5m',
    "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  );
  fails("foo[5m:] anchored", "1:1: parse error: anchored modifier is not supported for subqueries");
  fails("foo anchored smoothed", "1:1: parse error: anchored and smoothed modifiers cannot be used together");
  fails(
    "foo[5m] smoothed anchored",
    "1:1: parse error: anchored and smoothed modifiers cannot be used together",
  );
  fails("(foo) anchored", "1:1: parse error: anchored modifier not implemented");
});

Deno.test("ranges and durations have to be sensible", () => {
  fails("foo[0m]", "1:5: parse error: duration must be greater than 0");
  fails("foo[-5m]", "1:5: parse error: duration must be greater than 0");
  fails("foo[5m][5m]", "1:8: parse error: ranges only allowed for vector selectors");
  fails("(foo + bar)[5m]", "1:12: parse error: ranges only allowed for vector selectors");
  fails("sum(foo)[5m]", "1:9: parse error: ranges only allowed for vector selectors");
  fails(
    "min_over_time(1[5m:1m])",
    "1:15: parse error: subquery is only allowed on instant vector, got scalar instead",
  );
  fails(
    'min_over_time("x"[5m:1m])',
    "1:15: parse error: subquery is only allowed on instant vector, got string instead",
  );
  fails("foo[5m][5m:1m]", "1:1: parse error: subquery is only allowed on instant vector, got matrix instead");
  fails("1h1h", '1:1: parse error: not a valid duration string: "1h1h"');
  fails("5ms5s", '1:1: parse error: not a valid duration string: "5ms5s"');
  fails("100000y", "1:1: parse error: duration out of range");
  fails("foo offset 5m5m", '1:12: parse error: not a valid duration string: "5m5m"');
  fails("1[5m]", "1:2: parse error: ranges only allowed for vector selectors");
  fails('"a"[5m]', "1:4: parse error: ranges only allowed for vector selectors");
  fails("time()[5m:]", "1:1: parse error: subquery is only allowed on instant vector, got scalar instead");
  fails("foo[- 5m]", "1:5: parse error: duration must be greater than 0");
  fails("foo[0.5s]", '1:5: parse error: not a valid duration string: "0.5s"');
  fails("foo[0]", "1:5: parse error: duration must be greater than 0");
  fails("foo[5m/0]", "1:7: parse error: division by zero");
  fails("foo[5m%0]", "1:7: parse error: modulo by zero");
  fails("foo[5m/0s]", "1:7: parse error: division by zero");
  fails("foo[5m:0]", "1:8: parse error: duration must be greater than 0");
  fails("foo[5m:-1m]", "1:8: parse error: duration must be greater than 0");
  fails("foo offset 1e300", "1:12: parse error: duration out of range");
  fails("foo offset NaN", "1:12: parse error: duration out of range");
  fails("1[5m:1m]", "1:1: parse error: subquery is only allowed on instant vector, got scalar instead");
});

Deno.test("selectors have to select something, by one name", () => {
  fails("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher");
  fails('{x=""}', "1:1: parse error: vector selector must contain at least one non-empty matcher");
  fails('{x=~".*"}', "1:1: parse error: vector selector must contain at least one non-empty matcher");
  fails('{x!~".+"}', "1:1: parse error: vector selector must contain at least one non-empty matcher");
  fails('{x!="a"}', "1:1: parse error: vector selector must contain at least one non-empty matcher");
  fails('foo{__name__="bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"');
  fails(
    'foo{__name__="bar",__name__="x"}',
    '1:1: parse error: metric name must not be set twice: "foo" or "bar"',
  );
  fails('foo{a=~"(("}', "1:5: parse error: error parsing regexp: missing closing ): `((`");
  fails('foo{"bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"');
  fails('{""}', "1:1: parse error: vector selector must contain at least one non-empty matcher");
  fails('sum by ("") (foo)', '1:9: parse error: invalid label name for grouping: ""');
  fails('foo{__name__="foo"}', '1:1: parse error: metric name must not be set twice: "foo" or "foo"');
});

Deno.test("operands have to fit their operator", () => {
  fails("1 and 1", '1:1: parse error: set operator "and" not allowed in binary scalar expression');
  fails("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier");
  fails("1 or 1", '1:1: parse error: set operator "or" not allowed in binary scalar expression');
  fails("1 unless 1", '1:1: parse error: set operator "unless" not allowed in binary scalar expression');
  fails(
    '-"string"',
    '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  );
  fails(
    "-test[5m]",
    '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"',
  );
  fails('foo + "x"', "1:7: parse error: binary expression must contain only scalar and instant vector types");
  fails('"x" + foo', "1:1: parse error: binary expression must contain only scalar and instant vector types");
  fails('"x" + "y"', "1:1: parse error: binary expression must contain only scalar and instant vector types");
  fails(
    '"x" == "y"',
    "1:1: parse error: binary expression must contain only scalar and instant vector types",
  );
  fails(
    'foo == bool "x"',
    "1:13: parse error: binary expression must contain only scalar and instant vector types",
  );
  fails("foo + bool bar", "1:5: parse error: bool modifier can only be used on comparison operators");
  fails("foo + bool 1", "1:5: parse error: bool modifier can only be used on comparison operators");
  fails("1 + bool 1", "1:3: parse error: bool modifier can only be used on comparison operators");
  fails("foo and on(a) group_left bar", '1:1: parse error: no grouping allowed for "and" operation');
  fails("foo or on(a) group_right(b) bar", '1:1: parse error: no grouping allowed for "or" operation');
  fails(
    "foo * on(a) group_left(a) bar",
    '1:5: parse error: label "a" must not occur in ON and GROUP clause at once',
  );
  fails(
    "foo * on(a,b) group_left(c,b) bar",
    '1:5: parse error: label "b" must not occur in ON and GROUP clause at once',
  );
  fails("foo + on(a) 1", "1:1: parse error: vector matching only allowed between instant vectors");
  fails("foo + ignoring(a) 1", "1:1: parse error: vector matching only allowed between instant vectors");
  fails("1 + on(a) foo", "1:1: parse error: vector matching only allowed between instant vectors");
  fails("foo and 1", '1:1: parse error: set operator "and" not allowed in binary scalar expression');
  fails("1 and foo", '1:1: parse error: set operator "and" not allowed in binary scalar expression');
  fails(
    "foo and scalar(foo)",
    '1:1: parse error: set operator "and" not allowed in binary scalar expression',
  );
  fails(
    "foo + bool on(a) group_left() bar",
    "1:5: parse error: bool modifier can only be used on comparison operators",
  );
  fails(
    "foo[5m] + bar",
    "1:1: parse error: binary expression must contain only scalar and instant vector types",
  );
  fails(
    "foo + bar[5m]",
    "1:7: parse error: binary expression must contain only scalar and instant vector types",
  );
  fails(
    "foo[5m] == foo[5m]",
    "1:1: parse error: binary expression must contain only scalar and instant vector types",
  );
  fails(
    "sum(foo)[5m:] + 1",
    "1:1: parse error: binary expression must contain only scalar and instant vector types",
  );
  fails("0x", '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "0x": invalid syntax');
  fails(".5.", '1:1: parse error: error parsing number: strconv.ParseFloat: parsing ".5.": invalid syntax');
  fails("# comment", "1:1: parse error: no expression found in input");
  fails("   ", "1:1: parse error: no expression found in input");
  fails("time() and foo", '1:1: parse error: set operator "and" not allowed in binary scalar expression');
  fails(
    "scalar(foo) == scalar(bar)",
    "1:13: parse error: comparisons between scalars must use BOOL modifier",
  );
  fails("foo and fill(0) bar", "1:1: parse error: filling in missing series not allowed for set operators");
  fails(
    "foo + fill(0) 1",
    "1:1: parse error: filling in missing series only allowed between instant vectors",
  );
  fails("foo </ bool 5", "1:5: parse error: bool modifier can only be used on comparison operators");
  fails(
    "-foo[5m:]",
    '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"',
  );
});
