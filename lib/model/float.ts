/**
 * Floats as Go reads and writes them. JavaScript's shortest digits are Go's shortest digits; only the layout
 * differs, so each writer takes the digits from `String(x)` and lays them out anew.
 */

interface Digits {
  readonly negative: boolean;
  /** Significant digits, no leading or trailing zeros; "0" for zero. */
  readonly digits: string;
  /** Of the point, counted from the first digit: 123.4 is "1234" with exponent 3. */
  readonly pointAt: number;
}

function digitsOf(value: number): Digits {
  const text = Math.abs(value).toExponential();
  const eAt = text.indexOf("e");
  const digits = text.slice(0, eAt).replace(".", "");
  return {
    negative: value < 0 || Object.is(value, -0),
    digits,
    pointAt: value === 0 ? 1 : Number(text.slice(eAt + 1)) + 1,
  };
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : undefined;
}

function plain({ negative, digits, pointAt }: Digits): string {
  const sign = negative ? "-" : "";
  if (pointAt <= 0) return `${sign}0.${"0".repeat(-pointAt)}${digits}`;
  if (pointAt >= digits.length) return sign + digits + "0".repeat(pointAt - digits.length);
  return `${sign}${digits.slice(0, pointAt)}.${digits.slice(pointAt)}`;
}

function exponential({ negative, digits, pointAt }: Digits): string {
  const exponent = digits === "0" ? 0 : pointAt - 1;
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${negative ? "-" : ""}${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
}

/** As strconv.FormatFloat(value, 'f', -1, 64): never an exponent. */
export function formatFloatF(value: number): string {
  return special(value) ?? plain(digitsOf(value));
}

/** As strconv.FormatFloat(value, 'e', -1, 64). */
export function formatFloatE(value: number): string {
  return special(value) ?? exponential(digitsOf(value));
}

/** As strconv.FormatFloat(value, 'g', -1, 64) and fmt's %v: an exponent below −4 or from 6 on. */
export function formatFloatG(value: number): string {
  const found = special(value);
  if (found !== undefined) return found;
  const parts = digitsOf(value);
  const exponent = parts.digits === "0" ? 0 : parts.pointAt - 1;
  return exponent < -4 || exponent >= 6 ? exponential(parts) : plain(parts);
}

/** A sample value in the HTTP API: 'f', but 'e' below 1e-6 and from 1e21 on. As util/jsonutil. */
export function formatSampleValue(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-6 || size >= 1e21) ? formatFloatE(value) : formatFloatF(value);
}

/** The value of `le` and `quantile` after a scrape: 'g' made a float, `1.0`, `1e+06`, `+Inf`. As model/labels/float.go. */
export function formatOpenMetricsFloat(value: number): string {
  const text = formatFloatG(value);
  return /^-?[0-9]+$/.test(text) ? `${text}.0` : text;
}

const GO_FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const GO_SPECIAL = /^([+-]?)(?:(inf(?:inity)?)|(nan))$/i;

/**
 * As strconv.ParseFloat without hexadecimal and underscores, which expositions refuse; undefined for what it
 * would refuse. A finite text beyond the range is refused too, as Go answers ErrRange.
 */
export function parseGoFloat(text: string): number | undefined {
  if (GO_FLOAT.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const match = GO_SPECIAL.exec(text);
  if (match === null) return undefined;
  if (match[3] !== undefined) return match[1] === "" ? NaN : undefined;
  return match[1] === "-" ? -Infinity : Infinity;
}
