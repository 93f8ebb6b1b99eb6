/** What has to be switched on, and what can be switched off. */
import { fails, same } from "./notation.ts";

Deno.test("experimental functions are refused unless switched on", () => {
  const flag = "must be enabled with --enable-feature=promql-experimental-functions";
  fails("a + mad_over_time(b[5m])", `1:5: parse error: mad_over_time() is experimental and ${flag}`, {});
  fails("step()", `1:1: parse error: step() is experimental and ${flag}`, {});
  fails("a * limitk(2, b)", `1:5: parse error: limitk() is experimental and ${flag}`, {});
  fails("limit_ratio by (x) (2, b)", `1:1: parse error: limit_ratio() is experimental and ${flag}`, {});
  same("mad_over_time(b[5m])", { experimentalFunctions: true });
  same("last_over_time(b[5m]) + first_over_time(b[5m])", {});
});

Deno.test("anchored and smoothed are refused unless switched on", () => {
  fails("rate(a[5m] anchored)", "1:6: parse error: anchored modifier is experimental and not enabled", {});
  fails("rate(a[5m] smoothed)", "1:6: parse error: smoothed modifier is experimental and not enabled", {});
  same("anchored + smoothed", {});
  same("rate(a[5m] anchored)", { extendedRangeSelectors: true });
});

Deno.test("fill modifiers are refused unless switched on", () => {
  const message = "1:1: parse error: binop fill modifiers are experimental and not enabled";
  fails("a + fill (0) b", message, {});
  fails("a + on (c) fill_left (0) b", message, {});
  same("a + fill", {});
  same("a + fill (0) b", { binopFillModifiers: true });
});

Deno.test("duration expressions are accepted unless switched off", () => {
  same("a[5m + 1m]", {});
  const message = "experimental duration expression is not enabled";
  fails("a[5m + 1m]", `1:3: parse error: ${message}`, { durationExpr: false });
  fails("a[1m * (5m)]", `1:9: parse error: ${message}`, { durationExpr: false });
  same("a[5m] offset 1m", { durationExpr: false });
});
