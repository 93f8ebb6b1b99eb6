/**
 * Where a number or duration ends, by the rules of Prometheus's lexer. Only the extent: whether the digits mean a
 * number is found out in durations.ts.
 */

export interface Extent {
  readonly fits: boolean;
  /** Where reading stopped, also when it does not fit. */
  readonly end: number;
}

const DECIMAL = "0123456789";
const HEXADECIMAL = "0123456789abcdefABCDEF";
const ALPHANUMERIC = /[a-zA-Z0-9_]/;

function has(set: string, text: string, at: number): boolean {
  return at < text.length && set.includes(text[at]!);
}

function isAlphanumeric(text: string, at: number): boolean {
  return at < text.length && ALPHANUMERIC.test(text[at]!);
}

/** A decimal or hexadecimal number with at most one point and exponent, underscores between digits. */
export function scanNumber(text: string, start: number): Extent {
  let at = start;
  let digits = DECIMAL;
  if (has("0", text, at)) {
    at++;
    if (has("xX", text, at)) {
      at++;
      if (has("_", text, at)) at++;
      digits = HEXADECIMAL;
    }
  }
  if (has(".", text, at)) at++;
  if (has(digits, text, at)) at++;
  let pointSeen = false;
  let exponentSeen = false;
  for (;;) {
    if (has(".", text, at)) {
      if (pointSeen) return { fits: false, end: at + 1 };
      pointSeen = true;
      at++;
      if (has("_.", text, at)) return { fits: false, end: at + 1 };
      if (digits === HEXADECIMAL) return { fits: false, end: at };
    } else if (has("eE", text, at)) {
      if (exponentSeen) return { fits: false, end: at + 1 };
      exponentSeen = true;
      at++;
      if (has("+-", text, at)) at++;
      if (has("._eE", text, at)) return { fits: false, end: at + 1 };
      if (at >= text.length) return { fits: false, end: at };
    } else if (has("_", text, at)) {
      at++;
      if (has("._eE", text, at)) return { fits: false, end: at + 1 };
      if (at >= text.length) return { fits: false, end: at };
    } else if (has(digits, text, at)) {
      // As Prometheus: within a run of hexadecimal digits the letter e is a digit, at its head an exponent.
      while (has(digits, text, at)) at++;
    } else {
      break;
    }
  }
  return { fits: at > start && !isAlphanumeric(text, at), end: at };
}

/** The rest of a duration, from the first unit on: `m`, `h30m`, `ms`. */
export function scanDuration(text: string, start: number): Extent {
  let at = start;
  if (!has("smhdwy", text, at)) return { fits: false, end: at };
  at++;
  if (has("s", text, at)) at++;
  while (has(DECIMAL, text, at)) {
    while (has(DECIMAL, text, at)) at++;
    if (!has("smhdw", text, at)) return { fits: false, end: at };
    at++;
    if (has("s", text, at)) at++;
  }
  // As Prometheus: a message shows the character that follows too.
  return isAlphanumeric(text, at) ? { fits: false, end: at + 1 } : { fits: true, end: at };
}
