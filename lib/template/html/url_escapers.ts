/** Escapers for addresses: which may begin as they like, what they may hold, and lists of them. */
import { FAILSAFE } from "./markup_escapers.ts";
import type { Content } from "./safe_html.ts";

/** A scheme that could run something turns the whole address into a harmless one. */
export function urlFilter({ text }: Content): string {
  return isSafeUrl(text) ? text : `#${FAILSAFE}`;
}

function isSafeUrl(text: string): boolean {
  const colon = text.indexOf(":");
  const scheme = text.slice(0, colon);
  return colon < 0 || scheme.includes("/") || /^(?:https?|mailto)$/i.test(scheme);
}

/** As the value of one parameter of a query. */
export function urlEscaper({ text }: Content): string {
  return percentEncode(text, /[-._~0-9A-Za-z]/);
}

/** As an address by itself: what is encoded already stays. */
export function urlNormalizer({ text }: Content): string {
  return text.split(/(%[0-9a-fA-F]{2})/).map((part, i) =>
    i % 2 === 1 ? part : percentEncode(part, /[-._~0-9A-Za-z!#$&*+,/:;=?@[\]]/)
  ).join("");
}

const utf8 = new TextEncoder();

function percentEncode(text: string, kept: RegExp): string {
  let encoded = "";
  for (const char of text) {
    if (kept.test(char)) encoded += char;
    else for (const byte of utf8.encode(char)) encoded += `%${byte.toString(16).padStart(2, "0")}`;
  }
  return encoded;
}

/** Addresses with sizes, between commas. */
export function srcsetEscaper({ text }: Content): string {
  return text.split(",").map((element) => {
    const [, space, url, size] = /^([\t\n\f\r ]*)([^\t\n\f\r ]*)([\s\S]*)$/.exec(element)!;
    const isSafe = isSafeUrl(url!) && /^[\t\n\f\r 0-9A-Za-z]*$/.test(size!);
    return isSafe ? space + urlNormalizer({ text: url!, isHtml: false }) + size : `#${FAILSAFE}`;
  }).join(",");
}
