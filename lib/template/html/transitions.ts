/**
 * How the text of a template moves through a page: from a context over the next piece of text to the context after
 * it. Each rule takes what belongs to its state, so that a caller sees where states change.
 */
import { attributeKindOf, isScriptType } from "./attributes.ts";
import {
  type Context,
  type ElementKind,
  inState,
  isComment,
  isScriptLiteral,
  VALUE_STATES,
} from "./context.ts";
import { unescapeHtml } from "./entities.ts";
import { HtmlError } from "./html_error.ts";
import { afterJs, afterJsDelimited, afterJsTemplate } from "./script_transitions.ts";
import { afterCss, afterCssString } from "./style_transitions.ts";
import { goText, type Step, step, whole } from "./step.ts";
import { afterUrl } from "./url_transitions.ts";

/** The piece of `text` that begins in `context`, not beyond the end of an attribute or of a special element. */
export function afterText(context: Context, text: string): Step {
  if (context.delim === "None") {
    const end = specialTagEnd(context, text);
    return end === 0 ? step(inState("Text"), 0) : transition(context, text.slice(0, end));
  }
  return afterAttributeText(context, text);
}

const VALUE_ENDS = { DoubleQuote: /"/, SingleQuote: /'/, SpaceOrTagEnd: /[ \t\n\f\r>]/, None: /$^/ } as const;

function afterAttributeText(context: Context, text: string): Step {
  const found = text.search(VALUE_ENDS[context.delim]);
  const end = found < 0 ? text.length : found;
  const value = text.slice(0, end);
  const unquoted = context.delim === "SpaceOrTagEnd";
  // Readers of pages differ on where such a value ends.
  const stray = unquoted ? value.search(/["'<=`]/) : -1;
  if (stray >= 0) throw new HtmlError(`${goText(value[stray]!)} in unquoted attr: ${goText(value)}`);
  if (end === text.length) {
    let rest = unescapeHtml(text);
    let after = context;
    while (rest !== "") {
      const { context: next, length } = transition(after, rest);
      after = next;
      rest = rest.slice(length);
    }
    return step(after, text.length);
  }
  const noScript = context.state === "Attr" && context.element === "Script" &&
    context.attr === "ScriptType" &&
    !isScriptType(value);
  return step(inState("Tag", noScript ? "None" : context.element), end + (unquoted ? 0 : 1));
}

/** By the state alone, over the whole of `text`. */
export function transition(context: Context, text: string): Step {
  switch (context.state) {
    case "Text":
      return afterPlainText(context, text);
    case "Tag":
      return afterTag(context, text);
    case "AttrName": {
      const end = attributeNameEnd(text, 0);
      return step(end === text.length ? context : { ...context, state: "AfterName" }, end);
    }
    case "AfterName":
      return afterName(context, text);
    case "BeforeValue":
      return beforeValue(context, text);
    case "HTMLCmt": {
      const end = text.indexOf("-->");
      return end < 0 ? whole(context, text) : step(inState("Text"), end + 3);
    }
    case "RCDATA": {
      const end = specialTagEnd(context, text);
      return end < text.length ? step(inState("Text"), end) : whole(context, text);
    }
    case "URL":
    case "Srcset":
      return afterUrl(context, text);
    case "MetaContent": {
      const url = /url[ \t\n\f\r]*=/i.exec(text);
      return url === null
        ? whole(context, text)
        : step({ ...context, state: "MetaContentURL" }, url.index + url[0].length);
    }
    case "MetaContentURL": {
      const end = text.indexOf(";");
      return end < 0 ? whole(context, text) : step({ ...context, state: "MetaContent" }, end + 1);
    }
    case "JS":
      return afterJs(context, text);
    case "JSDqStr":
    case "JSSqStr":
    case "JSRegexp":
      return afterJsDelimited(context, text);
    case "JSTmplLit":
      return afterJsTemplate(context, text);
    case "CSS":
      return afterCss(context, text);
    case "CSSDqStr":
    case "CSSSqStr":
    case "CSSDqURL":
    case "CSSSqURL":
    case "CSSURL":
      return afterCssString(context, text);
    case "JSBlockCmt":
    case "CSSBlockCmt": {
      const end = text.indexOf("*/");
      const after = context.state === "JSBlockCmt" ? "JS" : "CSS";
      return end < 0 ? whole(context, text) : step({ ...context, state: after }, end + 2);
    }
    case "JSLineCmt":
    case "JSHTMLOpenCmt":
    case "JSHTMLCloseCmt":
      return afterLine({ ...context, state: "JS" }, context, text.search(/[\n\r\u2028\u2029]/), text);
    case "CSSLineCmt":
      return afterLine({ ...context, state: "CSS" }, context, text.search(/[\n\f\r]/), text);
    case "Attr":
    case "Dead":
      return whole(context, text);
  }
}

/** The end of the line belongs to what comes after. */
function afterLine(after: Context, within: Context, end: number, text: string): Step {
  return end < 0 ? whole(within, text) : step(after, end);
}

const TAG = /<(?:(!--)|(\/?)([A-Za-z](?:[A-Za-z0-9]|[:-][A-Za-z0-9])*))/g;
const ELEMENTS: ReadonlyMap<string, ElementKind> = new Map([
  ["script", "Script"],
  ["style", "Style"],
  ["textarea", "Textarea"],
  ["title", "Title"],
  ["meta", "Meta"],
]);

function afterPlainText(context: Context, text: string): Step {
  TAG.lastIndex = 0;
  const found = TAG.exec(text);
  if (found === null) return whole(context, text);
  const [tag, comment, slash, name] = found;
  const end = found.index + tag.length;
  if (comment !== undefined) return step(inState("HTMLCmt"), end);
  const element = slash === "/" ? undefined : ELEMENTS.get(name!.toLowerCase());
  return step(inState("Tag", element ?? "None"), end);
}

const CONTENT = {
  None: "Text",
  Script: "JS",
  Style: "CSS",
  Textarea: "RCDATA",
  Title: "RCDATA",
  Meta: "Text",
} as const;

function afterTag(context: Context, text: string): Step {
  const at = skipSpace(text);
  if (at === text.length) return whole(context, text);
  const { element } = context;
  if (text[at] === ">") {
    return step(inState(CONTENT[element], element === "Meta" ? "None" : element), at + 1);
  }
  const end = attributeNameEnd(text, at);
  if (end === at) {
    throw new HtmlError(`expected space, attr name, or end of tag, but got ${goText(text.slice(at))}`);
  }
  const name = text.slice(at, end).toLowerCase();
  const attr = element === "Script" && name === "type"
    ? "ScriptType"
    : element === "Meta" && name === "content"
    ? "MetaContent"
    : attributeKindOf(name);
  return step(inState(end === text.length ? "AttrName" : "AfterName", element, attr), end);
}

function attributeNameEnd(text: string, from: number): number {
  const end = text.slice(from).search(/[ \t\n\f\r=>'"<]/);
  if (end < 0) return text.length;
  const char = text[from + end]!;
  if (/['"<]/.test(char)) {
    throw new HtmlError(`${goText(char)} in attribute name: ${goText(text.slice(0, 32))}`);
  }
  return from + end;
}

function afterName(context: Context, text: string): Step {
  const at = skipSpace(text);
  if (at === text.length) return whole(context, text);
  return text[at] === "="
    ? step({ ...context, state: "BeforeValue" }, at + 1)
    : step({ ...context, state: "Tag" }, at);
}

function beforeValue(context: Context, text: string): Step {
  const at = skipSpace(text);
  if (at === text.length) return whole(context, text);
  const quote = text[at];
  const delim = quote === '"' ? "DoubleQuote" : quote === "'" ? "SingleQuote" : "SpaceOrTagEnd";
  const state = VALUE_STATES[context.attr];
  return step({ ...context, state, delim }, delim === "SpaceOrTagEnd" ? at : at + 1);
}

function skipSpace(text: string): number {
  const at = text.search(/[^ \t\n\f\r]/);
  return at < 0 ? text.length : at;
}

const SPECIAL_ENDS = {
  Script: /<\/script[> \t\n\f/]/i,
  Style: /<\/style[> \t\n\f/]/i,
  Textarea: /<\/textarea[> \t\n\f/]/i,
  Title: /<\/title[> \t\n\f/]/i,
} as const;

/** Where the end tag of an element whose content is not text begins; the length of the text where it does not. */
function specialTagEnd({ element, state }: Context, text: string): number {
  if (element === "None" || element === "Meta") return text.length;
  // Within a script's literals and comments an end tag is made harmless instead.
  if (element === "Script" && (isScriptLiteral(state) || isComment(state))) return text.length;
  const at = text.search(SPECIAL_ENDS[element]);
  return at < 0 ? text.length : at;
}
