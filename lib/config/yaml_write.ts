/**
 * Writes a tree as YAML in the style of Prometheus's status page: two spaces, lists not indented under their key,
 * text plain where it reads back as text, else quoted.
 */
import { plainKind } from "./yaml_scalars.ts";

/** Numbers and booleans write as they are; a string that is to stand unquoted, such as `15s`, is a string here too. */
export type Written =
  | string
  | number
  | boolean
  | null
  | readonly Written[]
  | ReadonlyMap<string, Written>
  | FlowList;

/** A list on one line: `[a, b]`. */
export class FlowList {
  constructor(readonly items: readonly string[]) {}
}

export function writeYaml(value: Written): string {
  const lines: string[] = [];
  if (isBlock(value)) writeBlock(value, "", lines);
  else lines.push(scalar(value, ""));
  return lines.join("\n") + "\n";
}

type Block = readonly Written[] | ReadonlyMap<string, Written>;

function isBlock(value: Written): value is Block {
  return (Array.isArray(value) && value.length > 0) || (value instanceof Map && value.size > 0);
}

function writeBlock(value: Block, indent: string, lines: string[]): void {
  if (value instanceof Map) {
    for (const [key, item] of value) writeEntry(`${indent}${quoteText(key, true)}:`, item, indent, lines);
    return;
  }
  for (const item of value as readonly Written[]) {
    if (!isBlock(item)) {
      lines.push(`${indent}- ${scalar(item, indent)}`);
      continue;
    }
    const start = lines.length;
    writeBlock(item, indent + "  ", lines);
    lines[start] = `${indent}- ${lines[start]!.slice(indent.length + 2)}`;
  }
}

function writeEntry(head: string, item: Written, indent: string, lines: string[]): void {
  if (!isBlock(item)) {
    lines.push(`${head} ${scalar(item, indent)}`);
    return;
  }
  lines.push(head);
  writeBlock(item, Array.isArray(item) ? indent : indent + "  ", lines);
}

function scalar(value: Written, indent: string): string {
  if (value === null) return "null";
  if (typeof value === "string") return literal(value, indent) ?? quoteText(value, false);
  if (value instanceof FlowList) return `[${value.items.map(flowItem).join(", ")}]`;
  if (typeof value === "object") return Array.isArray(value) ? "[]" : "{}";
  if (typeof value === "number") return numberText(value);
  return String(value);
}

function flowItem(text: string): string {
  const quoted = quoteText(text, false);
  return quoted === text && /[,[\]{}]/.test(text) ? `'${text}'` : quoted;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  // As Go's 'g' format: an exponent has two digits at least.
  return String(value).replace(/e([+-])([0-9])$/, "e$10$2");
}

/** Text of several lines as a block, where a block can hold it. */
function literal(text: string, indent: string): string | undefined {
  if (!text.includes("\n") || /^[\s]|[^\x20-\x7e\n\u00a0-\ud7ff]|[ \t]+(?:\n|$)|\n\n$|^\n+$/.test(text)) {
    return undefined;
  }
  const ended = text.endsWith("\n");
  const body = (ended ? text.slice(0, -1) : text).split("\n");
  const inner = indent + "  ";
  return (ended ? "|" : "|-") + "\n" + body.map((line) => line === "" ? "" : inner + line).join("\n");
}

const UNPRINTABLE = /[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]|\u2028|\u2029/u;
const NOT_PLAIN = /^[-?:](?:\s|$)|^[,\[\]{}#&*!|>'"%@`]|: |:$| #|^\s|\s$|^---|^\.\.\.|^=$/;

function quoteText(text: string, isKey: boolean): string {
  if (UNPRINTABLE.test(text)) return doubleQuoted(text);
  if (plainKind(text) !== "text") return `"${text}"`;
  if (NOT_PLAIN.test(text) || (isKey && text.length > 1024)) return `'${text.replaceAll("'", "''")}'`;
  return text;
}

function doubleQuoted(text: string): string {
  let quoted = '"';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (char === '"' || char === "\\") quoted += "\\" + char;
    else if (char === "\n") quoted += "\\n";
    else if (char === "\t") quoted += "\\t";
    else if (char === "\r") quoted += "\\r";
    else if (!UNPRINTABLE.test(char)) quoted += char;
    else if (code <= 0xff) quoted += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code <= 0xffff) quoted += `\\u${code.toString(16).padStart(4, "0")}`;
    else quoted += `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return quoted + '"';
}
