/** The query of an address as Go's url.ParseQuery reads it, which refuses what others guess at. */
import { UserError } from "../core/errors.ts";

/** Throws a `UserError` (`bad_data`). */
export function parseQueryString(query: string): ReadonlyMap<string, readonly string[]> {
  const params = new Map<string, string[]>();
  for (const part of query.split("&")) {
    if (part === "") continue;
    if (part.includes(";")) throw new UserError("bad_data", "invalid semicolon separator in query");
    const equals = part.indexOf("=");
    const key = unescapeQuery(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? "" : unescapeQuery(part.slice(equals + 1));
    const values = params.get(key);
    if (values === undefined) params.set(key, [value]);
    else values.push(value);
  }
  return params;
}

function unescapeQuery(text: string): string {
  const bad = /%(?![0-9a-fA-F]{2}).{0,2}/su.exec(text);
  if (bad !== null) throw new UserError("bad_data", `invalid URL escape ${JSON.stringify(bad[0])}`);
  const bytes = text.replaceAll("+", " ").split(/((?:%[0-9a-fA-F]{2})+)/);
  return bytes.map((part, i) => {
    if (i % 2 === 0) return part;
    const codes = part.slice(1).split("%").map((hex) => parseInt(hex, 16));
    return new TextDecoder().decode(Uint8Array.from(codes));
  }).join("");
}
