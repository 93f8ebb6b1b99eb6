/** Escapes of CSS: `\27 ` and `\"`. */
const ESCAPE = /\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[\t\n\f\r ])?|([\s\S])|$)/gu;

export function decodeCss(text: string): string {
  return text.replace(ESCAPE, (_, hex: string | undefined, char: string | undefined) => {
    if (hex === undefined) return char ?? "";
    const code = parseInt(hex, 16);
    if (code <= 0x10ffff) return code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code);
    // As Go: a sixth digit that is too much is a character by itself.
    return String.fromCodePoint(code >> 4) + hex.at(-1)!;
  });
}
