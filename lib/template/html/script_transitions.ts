/** Within a script: strings, template literals, regular expressions, comments, and which of two a slash is. */
import type { Context, JsSlash } from "./context.ts";
import { HtmlError } from "./html_error.ts";
import { goText, type Step, step, whole } from "./step.ts";

export function afterJs(context: Context, text: string): Step {
  const at = text.search(/["`'/{}<\-#]/);
  const before = at < 0 ? text : text.slice(0, at);
  const js: Context = { ...context, jsSlash: slashAfter(before, context.jsSlash) };
  if (at < 0) return whole(js, text);
  const rest = text.slice(at);
  switch (rest[0]) {
    case '"':
      return step({ ...js, state: "JSDqStr", jsSlash: "Regexp" }, at + 1);
    case "'":
      return step({ ...js, state: "JSSqStr", jsSlash: "Regexp" }, at + 1);
    case "`":
      return step({ ...js, state: "JSTmplLit", jsSlash: "Regexp" }, at + 1);
    case "/":
      return afterSlash(js, rest, at);
    case "{":
    case "}":
      return afterBrace(js, rest[0], at + 1);
    // Comments of old pages: to the end of the line, as `//`.
    case "<":
      return rest.startsWith("<!--") ? step({ ...js, state: "JSHTMLOpenCmt" }, at + 4) : step(js, at + 1);
    case "-":
      return rest.startsWith("-->") ? step({ ...js, state: "JSHTMLCloseCmt" }, at + 3) : step(js, at + 1);
    default:
      return rest.startsWith("#!") ? step({ ...js, state: "JSLineCmt" }, at + 2) : step(js, at + 1);
  }
}

function afterSlash(js: Context, rest: string, at: number): Step {
  if (rest[1] === "/") return step({ ...js, state: "JSLineCmt" }, at + 2);
  if (rest[1] === "*") return step({ ...js, state: "JSBlockCmt" }, at + 2);
  switch (js.jsSlash) {
    case "Regexp":
      return step({ ...js, state: "JSRegexp" }, at + 1);
    case "DivOp":
      return step({ ...js, jsSlash: "Regexp" }, at + 1);
    case "Unknown":
      throw new HtmlError(`'/' could start a division or regexp: ${goText(rest.slice(0, 32))}`);
  }
}

/** Braces count only within `${…}`, whose end one of them is. */
function afterBrace(js: Context, brace: "{" | "}", length: number): Step {
  const jsSlash = slashAfter(brace, js.jsSlash);
  const depth = js.jsBraces.at(-1);
  if (depth === undefined) return step({ ...js, jsSlash }, length);
  const outer = js.jsBraces.slice(0, -1);
  if (brace === "{") return step({ ...js, jsSlash, jsBraces: [...outer, depth + 1] }, length);
  if (depth > 0) return step({ ...js, jsSlash, jsBraces: [...outer, depth - 1] }, length);
  return step({ ...js, state: "JSTmplLit", jsBraces: outer }, length);
}

const SPECIALS = { JSDqStr: /[\\"]/, JSSqStr: /[\\']/, JSRegexp: /[\\/[\]]/ } as const;

export function afterJsDelimited(context: Context, text: string): Step {
  const specials = context.state === "JSDqStr" || context.state === "JSSqStr"
    ? SPECIALS[context.state]
    : SPECIALS.JSRegexp;
  let inCharset = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (!specials.test(char)) continue;
    if (char === "\\") i = afterBackslash(text, i, "JS");
    else if (char === "[") inCharset = true;
    else if (char === "]") inCharset = false;
    else if (!inCharset) return step({ ...context, state: "JS", jsSlash: "DivOp" }, i + 1);
  }
  if (inCharset) throw new HtmlError(`unfinished JS regexp charset: ${goText(text)}`);
  return whole(context, text);
}

/** The place of the character that a backslash escapes. */
export function afterBackslash(text: string, at: number, language: "JS" | "CSS"): number {
  if (at + 1 === text.length) {
    throw new HtmlError(`unfinished escape sequence in ${language} string: ${goText(text)}`);
  }
  return at + 1;
}

export function afterJsTemplate(context: Context, text: string): Step {
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\\") i = afterBackslash(text, i, "JS");
    else if (char === "`") return step({ ...context, state: "JS" }, i + 1);
    else if (char === "$" && text[i + 1] === "{") {
      return step({ ...context, state: "JS", jsBraces: [...context.jsBraces, 0] }, i + 2);
    }
  }
  return whole(context, text);
}

const SPACE_AT_END = /[\f\n\r\t\v\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+$/;
/** Keywords after which a value comes. */
const BEFORE_VALUE: ReadonlySet<string> = new Set(
  "break case continue delete do else finally in instanceof return throw try typeof void".split(" "),
);

/** What a slash would be after this text, judged by its last token. */
function slashAfter(text: string, before: JsSlash): JsSlash {
  const trimmed = text.replace(SPACE_AT_END, "");
  if (trimmed === "") return before;
  const last = trimmed.at(-1)!;
  if (last === "+" || last === "-") {
    const run = /(\++|-+)$/.exec(trimmed)![0].length;
    return run % 2 === 1 ? "Regexp" : "DivOp"; // `x++ /` divides, `x + /` does not
  }
  if (last === ".") return /[0-9]\.$/.test(trimmed) ? "DivOp" : "Regexp";
  if (",<>=*%&|^?!~([:;{}".includes(last)) return "Regexp";
  return BEFORE_VALUE.has(/[$0-9A-Z_a-z]*$/.exec(trimmed)![0]) ? "Regexp" : "DivOp";
}
