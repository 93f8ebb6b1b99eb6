/**
 * Letter case by Go's rules: each code point is mapped to one code point, without regard to its neighbours. JS maps
 * some to several (`ß` to `SS`), which Go leaves alone.
 */
const ASCII = /^\p{ASCII}*$/u;

export function goLower(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  let mapped = "";
  for (const char of text) {
    const lower = char.toLowerCase();
    // Only U+0130 lowers to two code points; its simple mapping is "i".
    mapped += isSingle(lower) ? lower : "i";
  }
  return mapped;
}

export function goUpper(text: string): string {
  if (ASCII.test(text)) return text.toUpperCase();
  let mapped = "";
  for (const char of text) {
    const upper = char.toUpperCase();
    mapped += isSingle(upper) ? upper : simpleUpper(char);
  }
  return mapped;
}

function isSingle(text: string): boolean {
  return text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff);
}

/** Of the code points that upper to several, the Greek ones with iota below have a simple mapping as well. */
function simpleUpper(char: string): string {
  const code = char.codePointAt(0)!;
  if (code >= 0x1f80 && code <= 0x1faf && (code & 8) === 0) return String.fromCodePoint(code + 8);
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCodePoint(code + 9);
  return char;
}
