/** Within a style: strings and addresses, which are taken for one another, and comments. */
import type { Context, State } from "./context.ts";
import { decodeCss } from "./css_text.ts";
import { afterBackslash } from "./script_transitions.ts";
import { type Step, step, whole } from "./step.ts";
import { afterUrl } from "./url_transitions.ts";

const TOKEN = /[("'/]/g;
/** An identifier that ends in `url` is another word. */
const URL_BEFORE = /(?:^|[^-_0-9A-Za-z\u0080-\uffff])url[\t\n\f\r ]*$/i;

export function afterCss(context: Context, text: string): Step {
  const at = (state: State, length: number): Step => step({ ...context, state }, length);
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '"') return at("CSSDqStr", index + 1);
    if (token === "'") return at("CSSSqStr", index + 1);
    if (token === "/" && text[index + 1] === "/") return at("CSSLineCmt", index + 2);
    if (token === "/" && text[index + 1] === "*") return at("CSSBlockCmt", index + 2);
    if (token === "(" && URL_BEFORE.test(text.slice(0, index))) {
      const inner = text.slice(index + 1);
      const start = text.length - inner.replace(/^[\t\n\f\r ]+/, "").length;
      if (text[start] === '"') return at("CSSDqURL", start + 1);
      if (text[start] === "'") return at("CSSSqURL", start + 1);
      return at("CSSURL", start);
    }
  }
  return whole(context, text);
}

export function afterCssString(context: Context, text: string): Step {
  const { state } = context;
  const ends = state === "CSSDqStr" || state === "CSSDqURL"
    ? '"'
    : state === "CSSSqStr" || state === "CSSSqURL"
    ? "'"
    : "\t\n\f\r )";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\\") i = afterBackslash(text, i, "CSS");
    else if (ends.includes(char)) {
      const { context: inside } = afterUrl(context, decodeCss(text.slice(0, i)));
      // Without an escape before it, the part of the address is forgotten with the string.
      const urlPart = text.lastIndexOf("\\", i) >= 0 ? inside.urlPart : context.urlPart;
      return step({ ...context, state: "CSS", urlPart }, i + 1);
    }
  }
  return step(afterUrl(context, decodeCss(text)).context, text.length);
}
