/**
 * Where in a page a template stands: in text, in a tag, in an attribute of some kind, in a script or a style. A value
 * printed there is escaped by it. Names are those of Go's html/template, since its errors show them.
 */

export type State =
  | "Text"
  | "Tag"
  | "AttrName"
  | "AfterName"
  | "BeforeValue"
  | "HTMLCmt"
  | "RCDATA"
  | "Attr"
  | "URL"
  | "Srcset"
  | "MetaContent"
  | "MetaContentURL"
  | "JS"
  | "JSDqStr"
  | "JSSqStr"
  | "JSTmplLit"
  | "JSRegexp"
  | "JSBlockCmt"
  | "JSLineCmt"
  | "JSHTMLOpenCmt"
  | "JSHTMLCloseCmt"
  | "CSS"
  | "CSSDqStr"
  | "CSSSqStr"
  | "CSSDqURL"
  | "CSSSqURL"
  | "CSSURL"
  | "CSSBlockCmt"
  | "CSSLineCmt"
  /** After `break` and `continue`. */
  | "Dead";

/** What ends an attribute's value. */
export type Delim = "None" | "DoubleQuote" | "SingleQuote" | "SpaceOrTagEnd";
export type UrlPart = "None" | "PreQuery" | "QueryOrFrag" | "Unknown";
/** Whether a slash begins a regular expression or divides. */
export type JsSlash = "Regexp" | "DivOp" | "Unknown";
export type AttrKind = "None" | "Script" | "ScriptType" | "Style" | "URL" | "Srcset" | "MetaContent";
/** Elements whose content is not text as elsewhere. */
export type ElementKind = "None" | "Script" | "Style" | "Textarea" | "Title" | "Meta";

export interface Context {
  readonly state: State;
  readonly delim: Delim;
  readonly urlPart: UrlPart;
  readonly jsSlash: JsSlash;
  /** Open braces in each `${…}` that is open. */
  readonly jsBraces: readonly number[];
  readonly attr: AttrKind;
  readonly element: ElementKind;
}

export const TEXT: Context = {
  state: "Text",
  delim: "None",
  urlPart: "None",
  jsSlash: "Regexp",
  jsBraces: [],
  attr: "None",
  element: "None",
};

export function inState(state: State, element: ElementKind = "None", attr: AttrKind = "None"): Context {
  return { ...TEXT, state, element, attr };
}

export function sameContext(a: Context, b: Context): boolean {
  return contextText(a) === contextText(b);
}

/** As Go's errors show it. */
export function contextText({ state, delim, urlPart, jsSlash, jsBraces, attr, element }: Context): string {
  return `{state${state} delim${delim} urlPart${urlPart} jsCtx${jsSlash} [${jsBraces.join(" ")}] ` +
    `attr${attr} element${element} <nil>}`;
}

/** A template called in another context than text is another template. */
export function nameIn(context: Context, name: string): string {
  return context.state === "Text" ? name : `${name}$htmltemplate_${contextText(context)}`;
}

export function isComment(state: State): boolean {
  return state.endsWith("Cmt");
}

/** Where `<script` and `<!--` would confuse the reader of the page. */
export function isScriptLiteral(state: State): boolean {
  return state === "JSDqStr" || state === "JSSqStr" || state === "JSTmplLit" || state === "JSRegexp";
}

/** Where the value of an attribute begins. */
export const VALUE_STATES: Readonly<Record<AttrKind, State>> = {
  None: "Attr",
  Script: "JS",
  ScriptType: "Attr",
  Style: "CSS",
  URL: "URL",
  Srcset: "Srcset",
  MetaContent: "MetaContent",
};

/** The context in which a value stands that is printed here: between two states, what a character would begin. */
export function nudged(context: Context): Context {
  switch (context.state) {
    case "Tag":
      return { ...context, state: "AttrName" };
    case "BeforeValue":
      return { ...context, state: VALUE_STATES[context.attr], delim: "SpaceOrTagEnd", attr: "None" };
    case "AfterName":
      return { ...context, state: "AttrName", attr: "None" };
    default:
      return context;
  }
}

/** The context after one of two branches; undefined where they do not meet. */
export function joined(a: Context, b: Context): Context | undefined {
  if (a.state === "Dead") return b;
  if (b.state === "Dead" || sameContext(a, b)) return a;
  if (sameContext({ ...a, urlPart: b.urlPart }, b)) return { ...a, urlPart: "Unknown" };
  if (sameContext({ ...a, jsSlash: b.jsSlash }, b)) return { ...a, jsSlash: "Unknown" };
  const nudgedA = nudged(a);
  const nudgedB = nudged(b);
  return sameContext(nudgedA, a) && sameContext(nudgedB, b) ? undefined : joined(nudgedA, nudgedB);
}
