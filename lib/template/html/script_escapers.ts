/** Escapers for scripts: a value as an expression, and text within strings, template literals, regular expressions. */
import { formatPlain } from "../print_value.ts";
import { GoMap, GoStruct, type GoValue, isSlice } from "../values.ts";
import { type Content, contentOf } from "./safe_html.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "/": "\\/",
  "\\": "\\\\",
};

function escape(text: string, specials: RegExp): string {
  return text.replace(specials, (char) => ESCAPES[char] ?? unicodeEscape(char));
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const IN_STRING = /[\0\t\n\v\f\r"`&'+/<>\\\u2028\u2029]/g;
const IN_TEMPLATE = /[\0\t\n\v\f\r"`&'+/<>\\${}\u2028\u2029]/g;
const IN_REGEXP = /[\0\t\n\v\f\r"&'+<>\u2028\u2029]/g;

export function jsStringEscaper({ text }: Content): string {
  return escape(text, IN_STRING);
}

export function jsTemplateEscaper({ text }: Content): string {
  return escape(text, IN_TEMPLATE);
}

/** Taken literally by the expression. Nothing at all would make it a comment. */
export function jsRegexpEscaper({ text }: Content): string {
  if (text === "") return "(?:)";
  return text.split(/([$()*\-./?[\\\]^{|}])/).map((part, i) =>
    i % 2 === 1 ? `\\${part}` : escape(part, IN_REGEXP)
  ).join("");
}

/** An expression without side effects. A number or a word keeps its distance to what is before it. */
export function jsValueEscaper(values: readonly GoValue[]): string {
  const value = values.length === 1 ? values[0] : contentOf(values).text;
  const bad = unsupported(value);
  // As Go: a space before, so that a slash does not begin a line comment.
  if (bad !== undefined) return ` /* json: unsupported value: ${bad} */null `;
  const json = jsonOf(value);
  return /^[$\w]|[$\w]$/.test(json) ? ` ${json} ` : json;
}

/** JSON has no NaN and no infinity. */
function unsupported(value: GoValue): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : formatPlain(value);
  if (isSlice(value)) return firstOf(value);
  if (value instanceof GoMap) return firstOf([...value.entries.values()]);
  if (value instanceof GoStruct && value.text === undefined) return firstOf([...value.fields.values()]);
  return undefined;
}

function firstOf(values: readonly GoValue[]): string | undefined {
  for (const value of values) {
    const bad = unsupported(value);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

function jsonOf(value: GoValue): string {
  if (value === undefined) return "null";
  if (typeof value === "number") return jsonNumber(value);
  if (typeof value === "string") return jsonString(value);
  if (isSlice(value)) return `[${value.map(jsonOf).join(",")}]`;
  if (value instanceof GoMap) {
    const entries = value.sortedKeys().map((key) => `${jsonString(key)}:${jsonOf(value.entries.get(key))}`);
    return `{${entries.join(",")}}`;
  }
  if (value instanceof GoStruct) {
    if (value.text !== undefined) return jsonString(value.text);
    return `{${[...value.fields].map(([name, field]) => `${jsonString(name)}:${jsonOf(field)}`).join(",")}}`;
  }
  return formatPlain(value);
}

/** As Go: minus zero keeps its sign. */
function jsonNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}

function jsonString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(/[<>&\u2028\u2029]/g, unicodeEscape);
}
