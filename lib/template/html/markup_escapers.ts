/** Escapers for text, attributes and their names. */
import { attributeTypeOf } from "./attributes.ts";
import { type Content } from "./safe_html.ts";
import { stripTags } from "./strip_tags.ts";

/** Stands where a value was that could do harm: recognized by who made the template, harmless in any language. */
export const FAILSAFE = "ZgotmplZ";

const ENTITIES: Readonly<Record<string, string>> = {
  "\0": "\ufffd",
  '"': "&#34;",
  "&": "&amp;",
  "'": "&#39;",
  "+": "&#43;",
  "<": "&lt;",
  ">": "&gt;",
};

function escapeMarkup(text: string): string {
  return text.replace(/[\0"&'+<>]/g, (char) => ENTITIES[char]!);
}

/** Entities that are there already stay. */
function normalizeMarkup(text: string): string {
  return text.replace(/[\0"'+<>]/g, (char) => ENTITIES[char]!);
}

export function htmlEscaper({ text, isHtml }: Content): string {
  return isHtml ? text : escapeMarkup(text);
}

/** The content of `title` and `textarea`. */
export function rcdataEscaper({ text, isHtml }: Content): string {
  return isHtml ? normalizeMarkup(text) : escapeMarkup(text);
}

export function attrEscaper({ text, isHtml }: Content): string {
  return isHtml ? normalizeMarkup(stripTags(text)) : escapeMarkup(text);
}

/** An attribute without quotes: whatever could end the value, or be read as a quote. */
export function nospaceEscaper({ text, isHtml }: Content): string {
  // Nothing would make what follows the value.
  if (text === "") return FAILSAFE;
  const source = isHtml ? stripTags(text) : text;
  const specials = isHtml ? /[\0\t\n\v\f\r "'+<=>`\ufdd0-\ufdef\ufff0-\uffff]/g : NOSPACE;
  return source.replace(specials, (char) => {
    if (char === "\0") return "&#xfffd;";
    if (char >= "\ufdd0") return `&#x${char.charCodeAt(0).toString(16)};`;
    return ENTITIES[char] ?? `&#${char.charCodeAt(0)};`;
  });
}

const NOSPACE = /[\0\t\n\v\f\r "&'+<=>`\ufdd0-\ufdef\ufff0-\uffff]/g;

/** A name of an attribute: only one whose value can do no harm. */
export function nameFilter({ text }: Content): string {
  const name = text.toLowerCase();
  return /^[0-9a-z]+$/.test(name) && attributeTypeOf(name) === "plain" ? name : FAILSAFE;
}
