/** The type of a text that does not say its own, as Go's http.DetectContentType tells it from the beginning. */
const HTML_TAG =
  /^(?:<!DOCTYPE HTML|<HTML|<HEAD|<SCRIPT|<IFRAME|<H1|<DIV|<FONT|<TABLE|<A|<STYLE|<TITLE|<BODY|<BR|<B|<P|<!--)[ >]/i;

export function sniffedTextType(text: string): string {
  const start = text.slice(0, 512).replace(/^[\t\n\f\r ]+/, "");
  if (HTML_TAG.test(start)) return "text/html; charset=utf-8";
  return start.startsWith("<?xml") ? "text/xml; charset=utf-8" : "text/plain; charset=utf-8";
}
