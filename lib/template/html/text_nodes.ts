/** The text between actions: its comments go, a `<` that begins no tag is escaped, and the context moves on. */
import { type Context, isComment, isScriptLiteral } from "./context.ts";
import { afterText } from "./transitions.ts";

export interface EscapedText {
  readonly text: string;
  readonly context: Context;
}

export function escapeText(before: Context, text: string): EscapedText {
  let context = before;
  let out = "";
  let at = 0;
  while (at < text.length) {
    const { context: after, length } = afterText(context, text.slice(at));
    const end = at + length;
    const opens = context.state !== after.state && isDropped(after) ? end - OPENING[after.state]! : end;
    out += shownPiece(context, after, text.slice(at, Math.max(at, opens)));
    context = after;
    at = end;
  }
  return { text: out, context };
}

const OPENING: Readonly<Partial<Record<Context["state"], number>>> = {
  HTMLCmt: "<!--".length,
  JSHTMLOpenCmt: "<!--".length,
  JSHTMLCloseCmt: "-->".length,
  JSBlockCmt: "/*".length,
  JSLineCmt: "//".length,
  CSSBlockCmt: "/*".length,
  CSSLineCmt: "//".length,
};

/** Within an attribute a comment is part of the value. */
function isDropped({ state, delim }: Context): boolean {
  return isComment(state) && delim === "None";
}

function shownPiece(before: Context, after: Context, piece: string): string {
  if (isDropped(before)) {
    // As a blank or a line feed: words on both sides must not grow together.
    if (before.state === "JSBlockCmt") return /[\n\r\u2028\u2029]/.test(piece) ? "\n" : " ";
    return before.state === "CSSBlockCmt" ? " " : "";
  }
  if (before.state === "Text" || before.state === "RCDATA") {
    const tag = after.state === before.state || isDropped(after) ? -1 : piece.lastIndexOf("<");
    const content = tag < 0 ? piece : piece.slice(0, tag);
    return content.replace(/<(?!!DOCTYPE)/gi, "&lt;") + piece.slice(content.length);
  }
  return isScriptLiteral(before.state) ? piece.replace(/<(script|\/script|!--)/gi, "\\x3C$1") : piece;
}
