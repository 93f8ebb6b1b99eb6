/**
 * The tokens of PromQL. A token's kind is one UTF-16 unit, so that a whole query becomes a short string of kinds
 * over which the grammar runs. Also how a token is named in a message, as Prometheus's lexer names it.
 */
import { quoteGo } from "../model/labels.ts";

/** One UTF-16 unit. */
export type TokenKind = string;

export interface Token {
  readonly kind: TokenKind;
  /** As written; for an error token, the message. */
  readonly text: string;
  /** UTF-16 offsets in the query. */
  readonly start: number;
  readonly end: number;
}

/** Kinds that are no words. */
export const KIND = {
  leftParen: "(",
  rightParen: ")",
  leftBrace: "{",
  rightBrace: "}",
  leftBracket: "[",
  rightBracket: "]",
  comma: ",",
  colon: ":",
  equal: "=",
  equalRegex: "~",
  notEqualRegex: "!",
  notEqual: "≠",
  equalEqual: "≡",
  lessEqual: "≤",
  greaterEqual: "≥",
  less: "<",
  greater: ">",
  trimUpper: "◁",
  trimLower: "▷",
  plus: "+",
  minus: "-",
  times: "*",
  divide: "/",
  modulo: "%",
  power: "^",
  at: "@",
  identifier: "i",
  metricIdentifier: "m",
  number: "n",
  duration: "d",
  string: "s",
  error: "E",
  end: "$",
} as const;

type WordClass = "operator" | "aggregator" | "keyword" | "plain";

interface Word {
  readonly kind: TokenKind;
  readonly word: string;
  readonly class: WordClass;
}

const WORDS_BY_CLASS: readonly (readonly [WordClass, string])[] = [
  ["operator", "and or unless atan2"],
  [
    "aggregator",
    "sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio",
  ],
  [
    "keyword",
    "offset smoothed anchored by without on ignoring group_left group_right fill fill_left fill_right bool",
  ],
  ["plain", "start end step range min_of max_of"],
];

/** Word kinds are units of the private use area, in the order of the lists above. */
const WORD_KIND_FIRST = 0xe000;

function wordsOf(): ReadonlyMap<string, Word> {
  const words = new Map<string, Word>();
  for (const [wordClass, list] of WORDS_BY_CLASS) {
    for (const word of list.split(" ")) {
      words.set(word, { kind: String.fromCharCode(WORD_KIND_FIRST + words.size), word, class: wordClass });
    }
  }
  return words;
}

/** Keyed by the word in lower case. */
export const WORDS: ReadonlyMap<string, Word> = wordsOf();
const WORDS_BY_KIND: ReadonlyMap<TokenKind, Word> = new Map(
  [...WORDS.values()].map((word) => [word.kind, word]),
);

/** The kind of a keyword. */
export function kindOfWord(word: string): TokenKind {
  return WORDS.get(word)!.kind;
}

/** The keyword of a kind, in lower case; undefined for other kinds. */
export function wordOfKind(kind: TokenKind): string | undefined {
  return WORDS_BY_KIND.get(kind)?.word;
}

/** The kinds of `words`, a list with blanks between, as one string. */
export function kindsOfWords(words: string): string {
  return words.split(" ").map(kindOfWord).join("");
}

export const AGGREGATOR_KINDS: string = kindsOfWords(WORDS_BY_CLASS[1]![1]);

const SYMBOL_OPERATORS: readonly string[] = [
  KIND.plus,
  KIND.minus,
  KIND.times,
  KIND.divide,
  KIND.modulo,
  KIND.power,
  KIND.equalEqual,
  KIND.notEqual,
  KIND.lessEqual,
  KIND.less,
  KIND.greaterEqual,
  KIND.greater,
  KIND.trimUpper,
  KIND.trimLower,
  KIND.equalRegex,
  KIND.notEqualRegex,
  KIND.at,
];

const LITERAL_NAMES: Readonly<Record<string, string>> = {
  [KIND.identifier]: "identifier",
  [KIND.metricIdentifier]: "metric identifier",
  [KIND.string]: "string",
  [KIND.number]: "number",
  [KIND.duration]: "duration",
};

/** Characters of a literal shown in a message. */
const SHOWN_CHARS_MAX = 10;

/** How a message names the token: `<by>`, `<op:+>`, `identifier "x"`, `end of input`. */
export function describeToken({ kind, text }: Token): string {
  if (kind === KIND.end) return "end of input";
  const word = WORDS_BY_KIND.get(kind);
  if (word !== undefined) {
    switch (word.class) {
      case "operator":
        return `<op:${text}>`;
      case "aggregator":
        return `<aggr:${text}>`;
      case "keyword":
        return `<${text}>`;
      case "plain":
        return shown(text);
    }
  }
  if (SYMBOL_OPERATORS.includes(kind)) return `<op:${text}>`;
  const name = LITERAL_NAMES[kind];
  if (name === undefined) return shown(text);
  // Identifiers are shown whole.
  const whole = kind === KIND.identifier || kind === KIND.metricIdentifier;
  return `${name} ${whole ? quoteGo(text) : shown(text)}`;
}

function shown(text: string): string {
  const bytes = new TextEncoder().encode(text).length;
  return bytes > SHOWN_CHARS_MAX
    ? `${quoteGo([...text].slice(0, SHOWN_CHARS_MAX).join(""))}...`
    : quoteGo(text);
}
