/** What a script expects of an eval: the lines below it. */
import { duration, inLine } from "./commands.ts";
import { ScriptError } from "./script_error.ts";
import { parseNumber } from "./sequence.ts";
import { parseSeriesLine, type SeriesLine } from "./series_line.ts";

export type TextMatch =
  | { readonly kind: "any" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "regex"; readonly regex: RegExp };

export interface RangeVectorTime {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export interface Expectations {
  readonly fail: TextMatch | undefined;
  readonly warn: readonly TextMatch[];
  readonly info: readonly TextMatch[];
  readonly noWarn: boolean;
  readonly noInfo: boolean;
  readonly ordered: boolean;
  readonly string: string | undefined;
  readonly scalar: number | undefined;
  readonly rangeVector: RangeVectorTime | undefined;
  readonly series: readonly SeriesLine[];
}

interface Line {
  readonly number: number;
  readonly text: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const EXPECT = /^expect\s+(fail|warn|info|no_warn|no_info|ordered)(?:\s+(msg|regex)\s*:\s*(.*))?$/;
const EXPECT_STRING = /^expect\s+string\s+(.+)$/;
const EXPECT_RANGE = /^expect\s+range\s+vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;
const OLD_FAIL = /^expected_fail_(message|regexp)\s+(.+)$/;
const SCALAR = /^[+-]?(?:[Ii]nf|NaN|nan|0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)$/;

export function parseExpectations(
  suffix: string | undefined,
  lines: readonly Line[],
  mode: "instant" | "range",
): Expectations {
  const warn: TextMatch[] = suffix === "warn" ? [ANY] : [];
  const info: TextMatch[] = suffix === "info" ? [ANY] : [];
  const series: SeriesLine[] = [];
  const expected: Mutable<Expectations> = {
    fail: suffix === "fail" ? ANY : undefined,
    warn,
    info,
    noWarn: false,
    noInfo: false,
    ordered: suffix === "ordered",
    string: undefined,
    scalar: undefined,
    rangeVector: undefined,
    series,
  };
  for (const { number: line, text } of lines) {
    const old = OLD_FAIL.exec(text);
    const string = EXPECT_STRING.exec(text);
    const range = EXPECT_RANGE.exec(text);
    if (old !== null) {
      expected.fail = old[1] === "message" ? { kind: "text", text: old[2]! } : regexMatch(line, old[2]!);
    } else if (string !== null) {
      expected.string = inLine(line, () => unquote(string[1]!));
    } else if (range !== null) {
      expected.rangeVector = {
        startMs: duration(line, range[1]!),
        endMs: duration(line, range[2]!),
        stepMs: duration(line, range[3]!),
      };
    } else if (/^expect(\s|$)/.test(text)) {
      addExpect(expected, warn, info, line, text);
    } else if (SCALAR.test(text)) {
      expected.scalar = parseNumber(text);
    } else {
      const parsed = inLine(line, () => parseSeriesLine(text));
      if (mode === "instant" && expected.rangeVector === undefined && parsed.values.length > 1) {
        throw new ScriptError(line, "expected one value a series of an instant query");
      }
      series.push(parsed);
    }
  }
  return expected;
}

const ANY: TextMatch = { kind: "any" };

function addExpect(
  expected: Mutable<Expectations>,
  warn: TextMatch[],
  info: TextMatch[],
  line: number,
  text: string,
): void {
  const match = EXPECT.exec(text);
  if (match === null) throw new ScriptError(line, `expected an expectation, got ${JSON.stringify(text)}`);
  const [, what, how, value] = match;
  const matched = how === undefined
    ? ANY
    : how === "msg"
    ? textMatch(value!)
    : regexMatch(line, value!.trim());
  switch (what) {
    case "fail":
      if (expected.fail !== undefined) throw new ScriptError(line, "expected one fail line at most");
      expected.fail = matched;
      break;
    case "warn":
      warn.push(matched);
      break;
    case "info":
      info.push(matched);
      break;
    case "no_warn":
      expected.noWarn = true;
      break;
    case "no_info":
      expected.noInfo = true;
      break;
    default:
      expected.ordered = true;
  }
  if ((warn.length > 0 && expected.noWarn) || (info.length > 0 && expected.noInfo)) {
    throw new ScriptError(line, "an eval cannot both expect annotations and expect none");
  }
}

function textMatch(text: string): TextMatch {
  return { kind: "text", text: text.trim() };
}

function regexMatch(line: number, pattern: string): TextMatch {
  return { kind: "regex", regex: inLine(line, () => new RegExp(pattern, "u")) };
}

export function matchesText(match: TextMatch, text: string): boolean {
  switch (match.kind) {
    case "any":
      return true;
    case "text":
      return match.text === text;
    case "regex":
      return match.regex.test(text);
  }
}

function unquote(text: string): string {
  const quote = text[0];
  if (text.length < 2 || text.at(-1) !== quote || (quote !== '"' && quote !== "`" && quote !== "'")) {
    throw new Error(`expected a quoted string, got ${text}`);
  }
  const inner = text.slice(1, -1);
  if (quote === "`") return inner;
  return inner.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/g, (_, escape: string) => {
    if (/^[xuU]./.test(escape)) return String.fromCodePoint(parseInt(escape.slice(1), 16));
    return ESCAPES[escape] ?? escape;
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};
