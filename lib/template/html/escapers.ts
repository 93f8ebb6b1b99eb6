/** The escapers by the names under which they stand in an analysed template, and which of them make others needless. */
import { type FunctionTable, functionTable } from "../builtins.ts";
import type { GoFunctionOptions } from "../values.ts";
import * as markup from "./markup_escapers.ts";
import { type Content, contentOf } from "./safe_html.ts";
import * as script from "./script_escapers.ts";
import * as styles from "./style_escapers.ts";
import * as urls from "./url_escapers.ts";

function escaper(escape: (content: Content) => string): GoFunctionOptions {
  return { params: [], rest: "any", call: (values) => escape(contentOf(values)) };
}

export const ESCAPERS: FunctionTable = functionTable({
  _html_template_attrescaper: escaper(markup.attrEscaper),
  /** What stands in a comment is dropped: nobody can read it, and it may do harm. */
  _html_template_commentescaper: escaper(() => ""),
  _html_template_cssescaper: escaper(styles.cssEscaper),
  _html_template_cssvaluefilter: escaper(styles.cssValueFilter),
  _html_template_htmlnamefilter: escaper(markup.nameFilter),
  _html_template_htmlescaper: escaper(markup.htmlEscaper),
  _html_template_jsregexpescaper: escaper(script.jsRegexpEscaper),
  _html_template_jsstrescaper: escaper(script.jsStringEscaper),
  _html_template_jstmpllitescaper: escaper(script.jsTemplateEscaper),
  _html_template_jsvalescaper: { params: [], rest: "any", call: script.jsValueEscaper },
  _html_template_nospaceescaper: escaper(markup.nospaceEscaper),
  _html_template_rcdataescaper: escaper(markup.rcdataEscaper),
  _html_template_srcsetescaper: escaper(urls.srcsetEscaper),
  _html_template_urlescaper: escaper(urls.urlEscaper),
  _html_template_urlfilter: escaper(urls.urlFilter),
  _html_template_urlnormalizer: escaper(urls.urlNormalizer),
  _eval_args_: escaper(({ text }) => text),
});

/** Go's own functions that a template may use to escape by itself. */
export const PREDEFINED: ReadonlySet<string> = new Set(["html", "urlquery"]);

const STANDS_FOR: Readonly<Record<string, string>> = {
  _html_template_attrescaper: "html",
  _html_template_htmlescaper: "html",
  _html_template_rcdataescaper: "html",
  _html_template_urlescaper: "urlquery",
  _html_template_urlnormalizer: "urlquery",
};

/** Equal for escapers of which one is enough. */
export function kindOfEscaper(name: string): string {
  return STANDS_FOR[name] ?? name;
}

const ATTR = "_html_template_attrescaper";
const NEEDLESS_AFTER: Readonly<Record<string, readonly string[]>> = {
  _html_template_commentescaper: [ATTR, "_html_template_htmlescaper"],
  _html_template_cssescaper: [ATTR],
  _html_template_jsregexpescaper: [ATTR],
  _html_template_jsstrescaper: [ATTR],
  _html_template_jstmpllitescaper: [ATTR],
  _html_template_urlescaper: ["_html_template_urlnormalizer"],
};

/** Whether `next` would change nothing of what `last` made. */
export function isNeedless(last: string | undefined, next: string): boolean {
  return last !== undefined && NEEDLESS_AFTER[last]?.includes(next) === true;
}
