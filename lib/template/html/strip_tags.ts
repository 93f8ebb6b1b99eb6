/** The text of a piece of markup, for places where only text may stand. */
import { type Context, TEXT } from "./context.ts";
import { HtmlError } from "./html_error.ts";
import { inState } from "./context.ts";
import { transition } from "./transitions.ts";

const VALUE_ENDS = { DoubleQuote: /"/, SingleQuote: /'/, SpaceOrTagEnd: /[ \t\n\f\r>]/ } as const;

export function stripTags(html: string): string {
  let context: Context = TEXT;
  let text = "";
  let rest = html;
  let isText = true;
  try {
    while (rest !== "") {
      if (context.delim !== "None") {
        const end = rest.search(VALUE_ENDS[context.delim]);
        if (end < 0) break;
        rest = rest.slice(context.delim === "SpaceOrTagEnd" ? end : end + 1);
        context = inState("Tag", context.element);
        continue;
      }
      // The content of a script or a style counts as text here.
      const from: Context = context.element !== "None" && !isInTag(context)
        ? { ...context, state: "RCDATA" }
        : context;
      const { context: after, length } = transition(from, rest);
      if (context.state === "Text" || context.state === "RCDATA") {
        const piece = rest.slice(0, length);
        const tag = after.state === context.state ? -1 : piece.lastIndexOf("<");
        text += tag < 0 ? piece : piece.slice(0, tag);
      } else isText = false;
      context = after;
      rest = rest.slice(length);
    }
  } catch (error) {
    // What is no markup ends here, as Go drops it.
    if (!(error instanceof HtmlError)) throw error;
    isText = false;
  }
  return isText ? html : text;
}

function isInTag({ state }: Context): boolean {
  return state === "Tag" || state === "AttrName" || state === "AfterName" || state === "BeforeValue" ||
    state === "Attr";
}
