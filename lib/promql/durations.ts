/**
 * Numbers and durations as PromQL writes them: what a number token means, and what a duration token means or why
 * it means nothing. Where the tokens end is the scanner's.
 */
import { parseDurationMs } from "../core/time.ts";
import { quoteGo } from "../model/labels.ts";

/** As Go's time.Duration: 2^63 ns. */
export const DURATION_SECONDS_MAX = 2 ** 63 / 1e9;

const DURATION_SHAPE =
  /^(?:[0-9]+y)?(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?(?:[0-9]+ms)?$/;

export type Parsed =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly reason: string };

/** A duration token, `1h30m`, to milliseconds. */
export function parseDurationToken(text: string): Parsed {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return { ok: true, value: ms };
  return {
    ok: false,
    reason: DURATION_SHAPE.test(text)
      ? "duration out of range"
      : `not a valid duration string: ${quoteGo(text)}`,
  };
}

const INTEGER = /^(?:0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0_?[0-7]+(?:_[0-7]+)*|[0-9]+(?:_[0-9]+)*)$/;
const INTEGER_MAX = 2n ** 63n - 1n;
/** Underscores stand between digits only. */
const DIGITS = "[0-9]+(?:_[0-9]+)*";
const FLOAT = new RegExp(`^(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?$`);

/**
 * A number token. As Prometheus: first as a Go integer literal (so `0755` is octal and `1_000` is a thousand), then
 * as a Go float.
 */
export function parseNumberToken(text: string): Parsed {
  const lower = text.toLowerCase();
  if (lower === "inf") return { ok: true, value: Infinity };
  if (lower === "nan") return { ok: true, value: NaN };
  if (INTEGER.test(text)) {
    const integer = BigInt(goIntegerAsJs(text.replaceAll("_", "")));
    if (integer <= INTEGER_MAX) return { ok: true, value: Number(integer) };
  }
  if (FLOAT.test(text)) {
    const value = Number(text.replaceAll("_", ""));
    if (Number.isFinite(value)) return { ok: true, value };
    return { ok: false, reason: `strconv.ParseFloat: parsing ${quoteGo(text)}: value out of range` };
  }
  return { ok: false, reason: `strconv.ParseFloat: parsing ${quoteGo(text)}: invalid syntax` };
}

function goIntegerAsJs(digits: string): string {
  return /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
}
