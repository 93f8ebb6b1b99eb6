/** Literals of Go that the data model does not need: characters, ASCII-only strings, fmt's %U; and reading them. */
import { quoteGo } from "../model/labels.ts";

/** As unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the plain space. */
function isPrintable(char: string): boolean {
  return char === " " || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char);
}

/** As strconv.QuoteToASCII. */
export function quoteAscii(text: string): string {
  return quoteGo(text).replace(/[\u0080-\u{10ffff}]/gu, (char) => {
    const code = char.codePointAt(0)!;
    return code < 0x10000
      ? `\\u${code.toString(16).padStart(4, "0")}`
      : `\\U${code.toString(16).padStart(8, "0")}`;
  });
}

/** As strconv.QuoteRune. */
export function quoteRune(code: number, ascii = false): string {
  const char = runeOf(code);
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  return `'${(ascii ? quoteAscii : quoteGo)(char).slice(1, -1)}'`;
}

/** Codes that are no character are the replacement character, as in Go. */
export function runeOf(code: number): string {
  const valid = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
  return valid ? String.fromCodePoint(code) : "\ufffd";
}

/** fmt's %U, and with `#` the character, too. */
export function unicodeName(code: number, withChar: boolean): string {
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return withChar && isPrintable(runeOf(code)) ? `${name} '${runeOf(code)}'` : name;
}

/** What a quoted Go literal stands for (strconv.Unquote); undefined when it is malformed. */
export function unquote(literal: string): string | undefined {
  const quote = literal[0];
  const body = literal.slice(1, -1);
  if (quote === "`") return body.replaceAll("\r", "");
  let text = "";
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) text += new TextDecoder().decode(Uint8Array.from(bytes));
    bytes = [];
  };
  for (let i = 0; i < body.length; i++) {
    if (body[i] !== "\\") {
      flush();
      if (body[i] === quote || body[i] === "\n") return undefined;
      text += body[i];
      continue;
    }
    const escape = /^\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/
      .exec(body.slice(i, i + 10));
    if (escape === null) return undefined;
    const [whole, simple, hex, short, long, octal] = escape;
    i += whole.length - 1;
    if (hex !== undefined) bytes.push(parseInt(hex, 16));
    else if (octal !== undefined) {
      if (parseInt(octal, 8) > 255) return undefined;
      bytes.push(parseInt(octal, 8));
    } else {
      flush();
      if (simple !== undefined) {
        if ((simple === "'" || simple === '"') && simple !== quote) return undefined;
        text += SIMPLE[simple]!;
      } else {
        const code = parseInt((short ?? long)!, 16);
        if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
        text += String.fromCodePoint(code);
      }
    }
  }
  flush();
  return text;
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};
