/** Escapers for styles: text within a string, and a value that may be nothing but a value. */
import { decodeCss } from "./css_text.ts";
import { FAILSAFE } from "./markup_escapers.ts";
import type { Content } from "./safe_html.ts";

const SPECIALS = /[\0\t\n\f\r"&'()+/:;<>\\{}]/g;

export function cssEscaper({ text }: Content): string {
  return text.replace(SPECIALS, (char: string, at: number) => {
    if (char === "\\") return "\\\\";
    const next = text[at + 1];
    // A digit or a space after it would belong to the escape.
    const space = next === undefined || /[0-9a-fA-F\t\n\f\r ]/.test(next) ? " " : "";
    return `\\${char.charCodeAt(0).toString(16)}${space}`;
  });
}

/** Quantities, keywords, colours and names; no quote or bracket, and nothing that old browsers would run. */
export function cssValueFilter({ text }: Content): string {
  const value = decodeCss(text);
  if (/[\0"'()/;@[\\\]`{}<>]|--/.test(value)) return FAILSAFE;
  const letters = value.replace(/[^-_0-9A-Za-z]|-/g, "").toLowerCase();
  return /expression|mozbinding/.test(letters) ? FAILSAFE : value;
}
