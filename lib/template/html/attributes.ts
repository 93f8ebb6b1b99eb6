/** What the value of an attribute is, by its name: as Go's html/template, after the tables of HTML 4 and 5. */
import type { AttrKind } from "./context.ts";

export type AttributeType = "plain" | "unsafe" | "url" | "css" | "js" | "srcset" | "html";

/** They change how other content is read, or what a request carries. */
const UNSAFE = "accept-charset async challenge charset content crossorigin defer enctype form formenctype " +
  "formmethod formnovalidate http-equiv keytype language method novalidate pattern rel sandbox type value";
const URLS = "action archive background cite classid codebase data formaction href icon longdesc manifest " +
  "poster profile src usemap xmlns";

const TYPES: ReadonlyMap<string, AttributeType> = new Map<string, AttributeType>([
  ...UNSAFE.split(" ").map((name) => [name, "unsafe"] as const),
  ...URLS.split(" ").map((name) => [name, "url"] as const),
  ["srcdoc", "html"],
  ["srclang", "plain"],
  ["srcset", "srcset"],
  ["style", "css"],
]);

/** Of a name in lower case; where nothing is known, the stricter guess. */
export function attributeTypeOf(name: string): AttributeType {
  const colon = name.indexOf(":");
  let bare = name;
  if (name.startsWith("data-")) bare = name.slice("data-".length);
  else if (colon >= 0) {
    if (name.slice(0, colon) === "xmlns") return "url";
    bare = name.slice(colon + 1);
  }
  const known = TYPES.get(bare);
  if (known !== undefined) return known;
  if (bare.startsWith("on")) return "js";
  return /src|uri|url/.test(bare) ? "url" : "plain";
}

const KINDS: Readonly<Partial<Record<AttributeType, AttrKind>>> = {
  url: "URL",
  css: "Style",
  js: "Script",
  srcset: "Srcset",
};

export function attributeKindOf(name: string): AttrKind {
  return KINDS[attributeTypeOf(name)] ?? "None";
}

const SCRIPT_TYPES: ReadonlySet<string> = new Set([
  "",
  "module",
  ..."ecmascript javascript json ld+json x-ecmascript x-javascript".split(" ").map((type) =>
    `application/${type}`
  ),
  ..."ecmascript javascript javascript1.0 javascript1.1 javascript1.2 javascript1.3 javascript1.4 javascript1.5"
    .split(" ").map((type) => `text/${type}`),
  ..."jscript livescript x-ecmascript x-javascript".split(" ").map((type) => `text/${type}`),
]);

/** Whether a `script` element of this `type` holds a script; another holds text. */
export function isScriptType(type: string): boolean {
  return SCRIPT_TYPES.has(type.split(";")[0]!.toLowerCase().trim());
}
