/**
 * The clauses around operators: label lists, `by` and `without`, `bool`, `on` and `ignoring`, `group_left` and
 * `group_right`, `fill`.
 */
// @ts-types="@types/parsimmon"
import Parsimmon, { type Parser } from "parsimmon";
import type { VectorMatching } from "./ast.ts";
import { parseDurationToken, parseNumberToken } from "./durations.ts";
import {
  bool,
  by,
  choose,
  comma,
  fill,
  fillLeft,
  fillRight,
  groupingLabel,
  groupLeft,
  groupRight,
  ignoring,
  leftParen,
  numeric,
  on,
  optional,
  quoted,
  refuse,
  rightParen,
  sign,
  without,
  wordOf,
} from "./lexemes.ts";
import { unquote } from "./scan_string.ts";
import { KIND, kindOfWord, kindsOfWords, type Token } from "./tokens.ts";

function quotedLabelOf(token: Token): string {
  const name = unquote(token.text);
  if (name === "") refuse(token, 'invalid label name for grouping: ""');
  return name;
}

const label: Parser<string> = Parsimmon.alt(
  groupingLabel.map((token) => token.text),
  quoted.map(quotedLabelOf),
);

const labelList: Parser<string[]> = Parsimmon.alt(
  Parsimmon.seqMap(label, comma.then(label).many(), comma.times(0, 1), (first, rest) => [first, ...rest]),
  Parsimmon.of([]),
);

/** `(a, b)`, `(a,)`, `()`. */
const grouping: Parser<string[]> = leftParen.then(labelList).skip(rightParen);

export interface AggregateClause {
  readonly without: boolean;
  readonly grouping: readonly string[];
}

export const aggregateClause: Parser<AggregateClause> = Parsimmon.seqMap(
  Parsimmon.alt(by, without),
  grouping,
  (word, grouping) => ({ without: wordOf(word) === "without", grouping }),
);

/** A number or duration token as seconds; refuses one that means nothing. */
export function numberOf(token: Token): number {
  if (token.kind === KIND.duration) {
    const parsed = parseDurationToken(token.text);
    return parsed.ok ? parsed.value / 1000 : refuse(token, parsed.reason);
  }
  const parsed = parseNumberToken(token.text);
  return parsed.ok ? parsed.value : refuse(token, `error parsing number: ${parsed.reason}`);
}

/** A number with one sign or none. */
export const signedNumber: Parser<number> = Parsimmon.seqMap(
  sign.times(0, 1),
  numeric,
  ([signToken], token) => signToken?.kind === KIND.minus ? -numberOf(token) : numberOf(token),
);

export interface BinaryClauses {
  readonly bool: boolean;
  readonly matching: VectorMatching;
}

interface Fills {
  readonly left: number | undefined;
  readonly right: number | undefined;
}

const NO_FILLS: Fills = { left: undefined, right: undefined };

const fillValue: Parser<number> = leftParen.then(signedNumber).skip(rightParen);
const leftValue: Parser<number> = fillLeft.then(fillValue);
const rightValue: Parser<number> = fillRight.then(fillValue);

const fills: Parser<Fills> = Parsimmon.alt(
  fill.then(fillValue).map((value): Fills => ({ left: value, right: value })),
  Parsimmon.seqMap(
    leftValue,
    optional(kindOfWord("fill_right"), rightValue),
    (left, right): Fills => ({ left, right }),
  ),
  Parsimmon.seqMap(
    rightValue,
    optional(kindOfWord("fill_left"), leftValue),
    (right, left): Fills => ({ left, right }),
  ),
  Parsimmon.of(NO_FILLS),
);

interface Grouped {
  readonly card: VectorMatching["card"];
  readonly include: readonly string[];
}

const grouped: Parser<Grouped> = Parsimmon.alt(
  Parsimmon.seqMap(
    Parsimmon.alt(groupLeft, groupRight),
    optional(KIND.leftParen, grouping),
    (word, include): Grouped => ({
      card: wordOf(word) === "group_left" ? "many-to-one" : "one-to-many",
      include: include ?? [],
    }),
  ),
  Parsimmon.of<Grouped>({ card: "one-to-one", include: [] }),
);

interface Matched extends Grouped {
  readonly on: boolean;
  readonly labels: readonly string[];
}

const matched: Parser<Matched> = Parsimmon.alt(
  Parsimmon.seqMap(
    Parsimmon.alt(on, ignoring),
    grouping,
    grouped,
    (word, labels, group): Matched => ({ on: wordOf(word) === "on", labels, ...group }),
  ),
  Parsimmon.of<Matched>({ on: false, labels: [], card: "one-to-one", include: [] }),
);

const someClauses: Parser<BinaryClauses> = Parsimmon.seqMap(
  bool.times(0, 1),
  matched,
  fills,
  (bools, { on, labels, card, include }, { left, right }) => ({
    bool: bools.length > 0,
    matching: { on, labels, card, include, fillLeft: left, fillRight: right },
  }),
);

const NO_CLAUSES: BinaryClauses = {
  bool: false,
  matching: {
    on: false,
    labels: [],
    card: "one-to-one",
    include: [],
    fillLeft: undefined,
    fillRight: undefined,
  },
};

/** Everything between a binary operator and its right side. */
export const binaryClauses: Parser<BinaryClauses> = choose([
  [kindsOfWords("bool on ignoring fill fill_left fill_right"), someClauses],
], Parsimmon.of(NO_CLAUSES));
