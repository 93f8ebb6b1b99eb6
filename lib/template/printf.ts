/**
 * fmt.Sprintf: verbs, flags, width, precision, `*` and argument indices, and Go's notes in the text where a verb and
 * its argument do not fit.
 */
import { formatFloat } from "./format_float.ts";
import { formatPlain } from "./print_value.ts";
import { quoteAscii, quoteRune, runeOf, unicodeName } from "./quote.ts";
import { quoteGo } from "../model/labels.ts";
import { GoMap, GoStruct, type GoValue, isSlice, typeNameOf } from "./values.ts";

/** As fmt: a wider field is a bad width. */
const WIDTH_MAX = 1_000_000;

interface Flags {
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  width: number | undefined;
  precision: number | undefined;
}

export function sprintf(format: string, args: readonly GoValue[]): string {
  let text = "";
  let next = 0;
  let reordered = false;
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf("%", at);
    if (percent < 0) return finish(text + format.slice(at));
    text += format.slice(at, percent);
    at = percent + 1;
    const flags = newFlags();
    while ("+-# 0".includes(format[at] ?? "x")) setFlag(flags, format[at++]!);
    let badIndex = false;
    const index = () => {
      const found = /^\[([^\]]*)\]/.exec(format.slice(at));
      if (format[at] !== "[") return;
      reordered = true;
      const number = found === null ? NaN : Number(found[1]);
      at += found === null ? 1 : found[0].length;
      if (Number.isInteger(number) && number >= 1 && number <= args.length) next = number - 1;
      else badIndex = true;
    };
    const count = (): number | "bad" | undefined => {
      if (format[at] !== "*") {
        const digits = /^[0-9]+/.exec(format.slice(at))?.[0];
        at += digits?.length ?? 0;
        return digits === undefined ? undefined : Number(digits) > WIDTH_MAX ? "bad" : Number(digits);
      }
      at++;
      const value = args[next++];
      return typeof value === "bigint" && value >= -BigInt(WIDTH_MAX) && value <= BigInt(WIDTH_MAX)
        ? Number(value)
        : "bad";
    };
    index();
    const width = count();
    if (width === "bad") text += "%!(BADWIDTH)";
    else if (width !== undefined) {
      flags.width = Math.abs(width);
      if (width < 0) [flags.minus, flags.zero] = [true, false];
    }
    if (format[at] === ".") {
      at++;
      index();
      const precision = count();
      if (precision === "bad" || (precision !== undefined && precision < 0)) text += "%!(BADPREC)";
      else flags.precision = precision ?? 0;
    }
    index();
    if (at >= format.length) {
      text += "%!(NOVERB)";
      break;
    }
    const verb = String.fromCodePoint(format.codePointAt(at)!);
    at += verb.length;
    if (verb === "%") text += "%";
    else if (badIndex) text += `%!${verb}(BADINDEX)`;
    else if (next >= args.length) text += `%!${verb}(MISSING)`;
    else text += formatVerb(verb, args[next++], flags);
  }
  return finish(text);

  function finish(whole: string): string {
    if (reordered || next >= args.length) return whole;
    const extra = args.slice(next).map((arg) =>
      arg === undefined ? "<nil>" : `${typeNameOf(arg)}=${formatPlain(arg)}`
    );
    return `${whole}%!(EXTRA ${extra.join(", ")})`;
  }
}

function newFlags(): Flags {
  return {
    minus: false,
    plus: false,
    sharp: false,
    space: false,
    zero: false,
    width: undefined,
    precision: undefined,
  };
}

function setFlag(flags: Flags, char: string): void {
  if (char === "-") flags.minus = true;
  else if (char === "+") flags.plus = true;
  else if (char === "#") flags.sharp = true;
  else if (char === " ") flags.space = true;
  else flags.zero = true;
}

function formatVerb(verb: string, value: GoValue, flags: Flags): string {
  if (verb === "T") return pad(typeNameOf(value), flags);
  if (verb === "v") return formatV(value, flags);
  if (value === undefined) return `%!${verb}(<nil>)`;
  if (typeof value === "bigint") return formatInteger(verb, value, flags) ?? mismatch(verb, value);
  if (typeof value === "number") return formatNumber(verb, value, flags) ?? mismatch(verb, value);
  if (typeof value === "string") return formatString(verb, value, flags) ?? mismatch(verb, value);
  if (typeof value === "boolean") return verb === "t" ? pad(String(value), flags) : mismatch(verb, value);
  if (value instanceof GoStruct && value.text !== undefined && "sqxX".includes(verb)) {
    return formatVerb(verb, value.text, flags);
  }
  // A verb goes to every element.
  const inner = (item: GoValue) => item === undefined ? "<nil>" : formatVerb(verb, item, flags);
  if (isSlice(value)) return `[${value.map(inner).join(" ")}]`;
  if (value instanceof GoMap) {
    const items = value.sortedKeys().map((key) => `${inner(key)}:${inner(value.entries.get(key))}`);
    return `map[${items.join(" ")}]`;
  }
  if (value instanceof GoStruct) {
    return `{${[...value.fields.values()].map(inner).join(" ")}}`;
  }
  return mismatch(verb, value);
}

function mismatch(verb: string, value: GoValue): string {
  return `%!${verb}(${typeNameOf(value)}=${formatPlain(value)})`;
}

function formatV(value: GoValue, flags: Flags): string {
  if (!flags.sharp && !flags.plus) {
    if (typeof value === "number") return formatNumber("g", value, flags, true)!;
    if (typeof value === "bigint") return formatInteger("d", value, flags)!;
    if (typeof value === "string") return formatString("s", value, flags)!;
    if (isSlice(value)) return `[${value.map((item) => formatV(item, flags)).join(" ")}]`;
  }
  return pad(formatPlain(value, { names: flags.plus, source: flags.sharp }), flags);
}

/** To the width: zeros go after a sign. */
function pad(text: string, { width, minus, zero }: Flags, numeric = false): string {
  const missing = (width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (minus) return text + " ".repeat(missing);
  if (!zero) return " ".repeat(missing) + text;
  const sign = numeric && /^[+\- ]/.test(text) ? text[0]! : "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

const RADIX: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
const PREFIX: Readonly<Record<string, string>> = { b: "0b", o: "0", x: "0x", X: "0X" };

function formatInteger(verb: string, value: bigint, flags: Flags): string | undefined {
  if (verb === "c") return pad(runeOf(Number(value)), flags);
  if (verb === "q") return pad(quoteRune(Number(value), flags.plus), flags);
  if (verb === "U") return pad(unicodeName(Number(value), flags.sharp), flags);
  const radix = RADIX[verb];
  if (radix === undefined) return undefined;
  let digits = (value < 0n ? -value : value).toString(radix);
  if (verb === "X") digits = digits.toUpperCase();
  if (flags.precision !== undefined) {
    digits = flags.precision === 0 && value === 0n ? "" : digits.padStart(flags.precision, "0");
  }
  if (verb === "O") digits = `0o${digits}`;
  else if (flags.sharp) digits = (PREFIX[verb] ?? "") + digits;
  const sign = value < 0n ? "-" : flags.plus ? "+" : flags.space ? " " : "";
  // With a precision the width is filled with spaces.
  return pad(sign + digits, flags.precision === undefined ? flags : { ...flags, zero: false }, true);
}

function formatNumber(verb: string, value: number, flags: Flags, plain = false): string | undefined {
  const layout = verb.toLowerCase();
  if (layout !== "e" && layout !== "f" && layout !== "g" && layout !== "x") return undefined;
  const usual = layout === "g" ? flags.sharp ? 6 : -1 : layout === "x" ? -1 : 6;
  let text = formatFloat(value, layout, flags.precision ?? usual, flags.sharp && !plain);
  if (verb !== layout) text = text.toUpperCase().replace("INF", "Inf").replace("NAN", "NaN");
  if (text.startsWith("+") && !flags.plus && (plain || Number.isFinite(value))) {
    text = text.slice(plain ? 0 : 1);
  }
  if (!/^[+-]/.test(text)) text = (flags.plus ? "+" : flags.space ? " " : "") + text;
  const zero = flags.zero && Number.isFinite(value);
  return pad(text, { ...flags, zero }, true);
}

function formatString(verb: string, value: string, flags: Flags): string | undefined {
  const cut = flags.precision === undefined ? value : [...value].slice(0, flags.precision).join("");
  if (verb === "s") return pad(cut, flags);
  if (verb === "q") {
    // deno-lint-ignore no-control-regex -- what a raw string cannot hold
    const raw = flags.sharp && !/[`\x00-\x08\x0a-\x1f\x7f]/.test(cut);
    return pad(raw ? `\`${cut}\`` : (flags.plus ? quoteAscii : quoteGo)(cut), flags);
  }
  if (verb !== "x" && verb !== "X") return undefined;
  const bytes = new TextEncoder().encode(value).subarray(0, flags.precision);
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const prefix = flags.sharp ? "0x" : "";
  const hex = flags.space ? pairs.map((pair) => prefix + pair).join(" ") : prefix + pairs.join("");
  return pad(verb === "X" ? hex.toUpperCase() : hex, flags);
}
