/**
 * A float to a number of digits, as strconv.FormatFloat: exact, and a tie goes to the even digit (JavaScript's
 * toFixed and toExponential round it up).
 */
import { formatFloatE, formatFloatF, formatFloatG } from "../model/float.ts";

export type FloatLayout = "e" | "f" | "g" | "x";

/**
 * With `digits` as Go's precision; −1 is the shortest text that reads back. `keepsPoint` is the sharp flag: the point
 * stays, and with 'g' the zeros after it, too.
 */
export function formatFloat(value: number, layout: FloatLayout, digits: number, keepsPoint = false): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  let text: string;
  if (layout === "x") text = hexadecimal(value, digits);
  else if (layout === "g") {
    text = digits < 0 ? formatFloatG(value) : general(value, Math.max(1, digits), keepsPoint);
  } else if (layout === "f") text = digits < 0 ? formatFloatF(value) : fixed(value, digits);
  else text = digits < 0 ? formatFloatE(value) : exponential(value, digits);
  return keepsPoint && !text.includes(".") ? text.replace(/(?=[ep]|$)/, ".") : text;
}

/** As %g: an exponent below −4, or where there are more digits before the point than wanted. */
function general(value: number, digits: number, keepsZeros: boolean): string {
  const text = exponential(value, digits - 1);
  const [mantissa, exponentText] = text.split("e");
  const exponent = Number(exponentText);
  const sign = text.startsWith("-") ? "-" : "";
  const all = mantissa!.replace(/[-.]/g, "");
  const kept = keepsZeros ? all : all.replace(/0+$/, "");
  if (exponent >= -4 && exponent < digits) return fixed(value, Math.max(0, kept.length - 1 - exponent));
  return `${sign}${kept[0] ?? "0"}${kept.length > 1 ? "." : ""}${kept.slice(1)}e${exponentText}`;
}

/** As %x: a binary exponent, and thirteen hexadecimal digits at most after the point. */
function hexadecimal(value: number, digits: number): string {
  const exact = exactOf(value);
  let { mantissa, exponent } = exact;
  if (mantissa !== 0n) {
    const shift = 52 - (mantissa.toString(2).length - 1);
    mantissa <<= BigInt(shift);
    exponent += 52 - shift;
  } else exponent = 0;
  if (digits >= 0 && digits < 13) {
    const unit = 1n << BigInt(4 * (13 - digits));
    const rest = mantissa % unit;
    mantissa -= rest;
    if (2n * rest > unit || (2n * rest === unit && (mantissa / unit) % 2n === 1n)) mantissa += unit;
    if (mantissa >> 53n === 1n) [mantissa, exponent] = [mantissa >> 1n, exponent + 1];
  }
  const fraction = (mantissa & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, "0");
  const kept = digits < 0 ? fraction.replace(/0+$/, "") : fraction.padEnd(digits, "0").slice(0, digits);
  const size = String(Math.abs(exponent)).padStart(2, "0");
  const whole = mantissa === 0n ? "0" : "1";
  return `${exact.negative ? "-" : ""}0x${whole}${kept === "" ? "" : `.${kept}`}p${
    exponent < 0 ? "-" : "+"
  }${size}`;
}

interface Exact {
  readonly negative: boolean;
  /** value = mantissa × 2^exponent */
  readonly mantissa: bigint;
  readonly exponent: number;
}

const bits = new DataView(new ArrayBuffer(8));

function exactOf(value: number): Exact {
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const biased = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xf_ffff_ffff_ffffn;
  return {
    negative: word >> 63n === 1n,
    mantissa: biased === 0 ? fraction : fraction | (1n << 52n),
    exponent: (biased === 0 ? 1 : biased) - 1075,
  };
}

/** mantissa × 2^exponent × 10^power to the nearest integer, ties to even. */
function scaled({ mantissa, exponent }: Exact, power: number): bigint {
  let above = mantissa;
  let below = 1n;
  if (power >= 0) above *= 10n ** BigInt(power);
  else below *= 10n ** BigInt(-power);
  if (exponent >= 0) above <<= BigInt(exponent);
  else below <<= BigInt(-exponent);
  const whole = above / below;
  const rest = 2n * (above % below);
  return rest > below || (rest === below && (whole & 1n) === 1n) ? whole + 1n : whole;
}

function fixed(value: number, digits: number): string {
  const exact = exactOf(value);
  const text = scaled(exact, digits).toString().padStart(digits + 1, "0");
  const point = text.length - digits;
  const sign = exact.negative ? "-" : "";
  return sign + text.slice(0, point) + (digits > 0 ? `.${text.slice(point)}` : "");
}

function exponential(value: number, digits: number): string {
  const exact = exactOf(value);
  let exponent = 0;
  let text = "0".repeat(digits + 1);
  if (value !== 0) {
    exponent = Number(value.toExponential().split("e")[1]);
    text = scaled(exact, digits - exponent).toString();
    // 9.99 rounded up to two digits is 10: one more before the point.
    if (text.length > digits + 1) text = scaled(exact, digits - ++exponent).toString();
  }
  const size = String(Math.abs(exponent)).padStart(2, "0");
  const mantissa = digits > 0 ? `${text[0]}.${text.slice(1)}` : text;
  return `${exact.negative ? "-" : ""}${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
}
