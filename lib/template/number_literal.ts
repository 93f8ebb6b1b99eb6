/** Go's number and character literals, as a template may hold them. */
import { unquote } from "./quote.ts";
import { quoteGo } from "../model/labels.ts";

export interface NumberLiteral {
  /** Undefined when the literal has a fraction or does not fit 64 bits. */
  readonly integer: bigint | undefined;
  readonly float: number | undefined;
}

/** What is wrong with it, as a text, when it is malformed. */
export function numberOf(text: string): NumberLiteral | string {
  if (text.startsWith("'")) {
    const char = unquote(text);
    if (char === undefined || [...char].length !== 1) return `malformed character constant: ${text}`;
    const code = char.codePointAt(0)!;
    return { integer: BigInt(code), float: code };
  }
  const illegal = `illegal number syntax: ${quoteGo(text)}`;
  if (text.endsWith("i")) return `complex numbers are not supported: ${text}`;
  const sign = text.startsWith("-") ? -1n : 1n;
  const body = text.replace(/^[+-]/, "");
  const digits = plainDigits(body);
  if (digits === undefined) return illegal;
  if (/^(0[xXoObB])?[0-9a-fA-F]+$/.test(digits) && !/^[0-9]*[eE]/.test(digits)) {
    // A leading zero means octal, as in Go.
    const octal = /^0[0-9]+$/.test(digits);
    // Go reads it as a float, which it then finds to look like an integer.
    if (octal && /[89]/.test(digits)) return `integer overflow: ${quoteGo(text)}`;
    const integer = sign * BigInt(octal ? `0o${digits.slice(1)}` : digits);
    if (integer < -(2n ** 63n) || integer >= 2n ** 64n) return `integer overflow: ${quoteGo(text)}`;
    return { integer, float: Number(integer) };
  }
  const float = Number(sign) * (/^0[xX]/.test(digits) ? hexFloat(digits) : Number(digits));
  if (Number.isNaN(float)) return illegal;
  const whole = Number.isInteger(float) && Math.abs(float) < 2 ** 63 ? BigInt(float) : undefined;
  return { integer: whole, float };
}

/** Without underscores, which may stand between digits and after a base prefix only. */
function plainDigits(body: string): string | undefined {
  if (body === "" || body === ".") return undefined;
  if (!body.includes("_")) return body;
  if (/__|_$|[^0-9a-fA-FxXoObB]_|_[^0-9a-fA-F]/.test(body)) return undefined;
  return body.replaceAll("_", "");
}

function hexFloat(text: string): number {
  const found = /^0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/.exec(text);
  if (found === null || found[1]! + found[2]! === "") return NaN;
  return parseInt(found[1]! + found[2]!, 16) * 2 ** (Number(found[3]) - 4 * found[2]!.length);
}
