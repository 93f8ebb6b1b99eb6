/**
 * Vector selectors: a metric name, matchers in braces, or both. Names and labels may be quoted inside the braces,
 * which allows any UTF-8.
 */
// @ts-types="@types/parsimmon"
import Parsimmon, { type Parser } from "parsimmon";
import { UserError } from "../core/errors.ts";
import { METRIC_NAME } from "../model/labels.ts";
import { type Matcher, matcherOf, type MatchOp } from "../model/matchers.ts";
import type { Position, VectorSelector } from "./ast.ts";
import {
  choose,
  comma,
  endOfInput,
  labelIdentifier,
  leftBrace,
  matchOperator,
  metricName,
  optional,
  quoted,
  refuse,
  rightBrace,
} from "./lexemes.ts";
import { unquote } from "./scan_string.ts";
import { KIND, type Token } from "./tokens.ts";

const MATCH_OPS: ReadonlyMap<string, MatchOp> = new Map([
  [KIND.equal, "="],
  [KIND.notEqual, "!="],
  [KIND.equalRegex, "=~"],
  [KIND.notEqualRegex, "!~"],
]);

function labelMatcherOf(label: Token, operator: Token, value: Token): Matcher {
  const name = label.kind === KIND.string ? unquote(label.text) : label.text;
  try {
    return matcherOf(MATCH_OPS.get(operator.kind)!, name, unquote(value.text));
  } catch (error) {
    if (error instanceof UserError) refuse({ start: label.start, end: value.end }, error.message);
    throw error;
  }
}

function nameMatcherOf(name: Token): Matcher {
  return matcherOf("=", METRIC_NAME, unquote(name.text));
}

const labelMatcher: Parser<Matcher> = Parsimmon.alt(
  Parsimmon.seqMap(labelIdentifier, matchOperator, quoted, labelMatcherOf),
  Parsimmon.seqMap(quoted, matchOperator, quoted, labelMatcherOf),
  quoted.map(nameMatcherOf),
);

const matcherList: Parser<Matcher[]> = Parsimmon.alt(
  Parsimmon.seqMap(
    labelMatcher,
    comma.then(labelMatcher).many(),
    comma.times(0, 1),
    (first, rest) => [first, ...rest],
  ),
  Parsimmon.of([]),
);

interface Braced {
  readonly matchers: readonly Matcher[];
  readonly pos: Position;
}

const braced: Parser<Braced> = Parsimmon.seqMap(
  leftBrace,
  matcherList,
  rightBrace,
  (open, matchers, close) => ({ matchers, pos: { start: open.start, end: close.end } }),
);

/** As Prometheus: the matcher of a name outside the braces comes last. */
function selectorOf(name: Token | undefined, braces: Braced | undefined): VectorSelector {
  const matchers = [...(braces?.matchers ?? [])];
  if (name !== undefined) matchers.push(matcherOf("=", METRIC_NAME, name.text));
  return {
    kind: "selector",
    name: name?.text ?? "",
    matchers,
    offset: undefined,
    at: undefined,
    edge: "plain",
    pos: { start: (name ?? braces!.pos).start, end: (braces?.pos ?? name!).end },
  };
}

export const selector: Parser<VectorSelector> = choose([
  [KIND.leftBrace, braced.map((braces) => selectorOf(undefined, braces))],
], Parsimmon.seqMap(metricName, optional(KIND.leftBrace, braced), selectorOf));

/** A selector and nothing else, as in `match[]`. */
export const lonelySelector: Parser<VectorSelector> = selector.skip(endOfInput);
