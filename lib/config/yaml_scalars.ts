/**
 * What a plain YAML scalar stands for, by the rules of YAML 1.1 that Prometheus's own reader follows: `yes` and
 * `on` are true, `0x1f` and `1_000` are numbers, `~` is null. Quoted scalars are always text.
 */
export type ScalarKind = "null" | "bool" | "int" | "float" | "text" | "timestamp" | "merge";

const NULLS: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);
const TRUES: ReadonlySet<string> = new Set([
  "y",
  "Y",
  "yes",
  "Yes",
  "YES",
  "true",
  "True",
  "TRUE",
  "on",
  "On",
  "ON",
]);
const FALSES: ReadonlySet<string> = new Set(
  ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"],
);
const INFINITIES: ReadonlyMap<string, number> = new Map([
  [".inf", Infinity],
  [".Inf", Infinity],
  [".INF", Infinity],
  ["+.inf", Infinity],
  ["+.Inf", Infinity],
  ["+.INF", Infinity],
  ["-.inf", -Infinity],
  ["-.Inf", -Infinity],
  ["-.INF", -Infinity],
  [".nan", NaN],
  [".NaN", NaN],
  [".NAN", NaN],
]);
const INT = /^[-+]?(?:0b[01]+|0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const TIMESTAMP = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9:. tTzZ+-]*)?$/;

export function plainKind(text: string): ScalarKind {
  if (NULLS.has(text)) return "null";
  if (TRUES.has(text) || FALSES.has(text)) return "bool";
  if (INFINITIES.has(text)) return "float";
  const first = text.charCodeAt(0);
  const isDigit = first >= 0x30 && first <= 0x39;
  if (isDigit || first === 0x2b || first === 0x2d || first === 0x2e) {
    const bare = text.replaceAll("_", "");
    if (INT.test(bare)) return "int";
    if (FLOAT.test(bare)) return "float";
    if (isDigit && TIMESTAMP.test(text)) return "timestamp";
  }
  return text === "<<" ? "merge" : "text";
}

export function boolOf(text: string): boolean {
  return TRUES.has(text);
}

/** The value of a scalar whose kind is int or float. */
export function numberOf(text: string): number {
  const special = INFINITIES.get(text);
  if (special !== undefined) return special;
  const bare = text.replaceAll("_", "");
  const negative = bare.startsWith("-");
  const digits = /^[-+]/.test(bare) ? bare.slice(1) : bare;
  // As Go's strconv.ParseInt with base 0: a leading zero means octal.
  const value = /^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits);
  return negative ? -value : value;
}
