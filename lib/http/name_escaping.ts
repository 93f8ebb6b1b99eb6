/** Names in URL paths: `U__` begins a name whose unusual characters are written as `_2e_`, `_` itself as `__`. */

/**
 * The name that `escaped` stands for; the text itself when it is not escaped or not well formed. As
 * model.UnescapeName with the scheme `values`.
 */
export function unescapeName(escaped: string): string {
  if (!escaped.startsWith("U__")) return escaped;
  const rest = escaped.slice("U__".length);
  let name = "";
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] !== "_") {
      name += rest[i];
      continue;
    }
    if (rest[i + 1] === "_") {
      name += "_";
      i++;
      continue;
    }
    const match = /^_([0-9a-fA-F]{1,6})_/.exec(rest.slice(i, i + 8));
    if (match === null) return escaped;
    const code = parseInt(match[1]!, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return escaped;
    name += String.fromCodePoint(code);
    i += match[0].length - 1;
  }
  return name;
}
