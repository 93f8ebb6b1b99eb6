/**
 * The table of known differences between Prometheus 2.42 and 3.14, which Narthex follows. Each is about one operator
 * on operands that both servers see alike.
 */
import type { Answer, Answers, When } from "./ask.ts";
import { compare, type Comparison, keyOf, numberOf, RELATIVE_DIFFERENCE_MAX } from "./compare.ts";
import { type Expr, nodesOf } from "./expression.ts";

export interface Suspect {
  readonly node: Expr;
  readonly when: When;
  readonly answers: Answers;
  readonly found: Comparison;
  /** Answers to the parts of an instant query, in order. */
  readonly operands: readonly Answers[];
}

export interface Known {
  readonly name: string;
  readonly reason: string;
  explains(suspect: Suspect): boolean;
}

/** Series in the order of their values. */
export function isSortedAnswer(node: Expr): boolean {
  return node.name === "sort" || node.name === "sort_desc";
}

const ROUNDED = new Set(
  ("sum avg stddev stdvar quantile avg_over_time sum_over_time stddev_over_time stdvar_over_time deriv " +
    "predict_linear holt_winters rate increase delta histogram_quantile").split(" "),
);
const SQUARED = new Set(["stdvar", "stdvar_over_time"]);

export const KNOWN: readonly Known[] = [
  {
    name: "ties",
    reason: "topk and bottomk may keep any of several equal values",
    explains: (suspect) =>
      ["topk", "bottomk"].includes(suspect.node.name) &&
      sortedValues(suspect.answers.expected).join() === sortedValues(suspect.answers.got).join(),
  },
  {
    name: "rounding",
    reason: "sums are compensated and means divided last in version 3: equal to 1e-12 of the largest operand",
    explains: (suspect) => {
      if (!ROUNDED.has(suspect.node.name)) return false;
      const largest = largestOperand(suspect.operands);
      const tolerance = 1e-12 * (SQUARED.has(suspect.node.name) ? largest ** 2 : largest);
      return everyPair(suspect.answers, (a, b) => Object.is(a, b) || Math.abs(a - b) <= tolerance);
    },
  },
  {
    name: "rounded operands",
    reason: "operands that differ in their last bits, made visible by a comparison, a step or a cancellation",
    explains: ({ operands }) => operands.some((each) => compare(each, { isSorted: false }).kind === "close"),
  },
  {
    name: "overflow",
    reason: "an overflow in a compensated sum is NaN in version 2, infinite in version 3",
    explains: ({ node, answers }) =>
      ["stddev_over_time", "stdvar_over_time", "deriv", "predict_linear"].includes(node.name) &&
      everyPair(answers, (a, b) => isNear(a, b) || (Number.isNaN(a) && Math.abs(b) === Infinity)),
  },
  {
    name: "deviation of a lone NaN",
    reason: "stddev and stdvar of one NaN or infinity are 0 in version 2, NaN in version 3",
    explains: ({ node, answers }) =>
      ["stddev", "stdvar"].includes(node.name) &&
      everyPair(answers, (a, b) => isNear(a, b) || (a === 0 && Number.isNaN(b))),
  },
  {
    name: "calendar of what is no time",
    reason: "version 2 converts NaN and numbers beyond 64 bits to whatever the processor gives",
    explains: ({ node, operands }) =>
      CALENDAR.has(node.name) && operands.some(({ expected }) =>
        expected.kind === "answered" &&
        expected.series.some(({ points }) =>
          points.some(([, value]) => !(Math.abs(numberOf(value)) < 2 ** 53))
        )
      ),
  },
  {
    name: "matches filtered out",
    reason: "version 3 refuses a second match even where the comparison filters it out",
    explains: ({ node, answers: { expected, got } }) =>
      ["==", "!=", "<", "<=", ">", ">="].includes(node.name) && !node.parts.join().includes(" bool") &&
      expected.kind === "answered" && got.kind === "failed" &&
      got.error.startsWith("multiple matches for labels: "),
  },
  {
    name: "count_values over a range",
    reason: "version 2 forgets a grouping label from the second step on; each instant on its own has it",
    explains: ({ node, when }) => node.name === "count_values" && when.kind === "range",
  },
  {
    name: "which step fails",
    reason: "a range query with several bad matches tells one of them",
    explains: ({ when, answers: { expected, got } }) =>
      when.kind === "range" && expected.kind === "failed" && got.kind === "failed" &&
      BAD_MATCH.test(expected.error) && BAD_MATCH.test(got.error),
  },
  {
    name: "constant without steps",
    reason: "version 2 evaluates an expression that does not depend on time in a window without steps, too",
    explains: ({ node, when, answers: { expected, got } }) =>
      node.name === "subquery" && when.kind === "instant" &&
      (expected.kind === "failed"
        ? got.kind === "answered" && got.series.length === 0 && nodesOf(node).some(isFixed)
        : expected.series.some(({ points }) => points.some(([timeS]) => timeS > when.timeS))),
  },
  {
    name: "sign of zero in a quantile",
    reason: "0 and -0 are equal when values are sorted, in any order",
    explains: ({ node, answers }) =>
      ["quantile", "quantile_over_time"].includes(node.name) &&
      everyPair(answers, (a, b) => isNear(a, b) || (a === 0 && b === 0)),
  },
  {
    name: "logarithm of a subnormal",
    reason: "the logarithm of Go for this processor takes a subnormal number for a normal one",
    explains: ({ node, operands }) =>
      ["ln", "log2", "log10"].includes(node.name) &&
      hasOperand(operands, (value) => value > 0 && value < 2.3e-308),
  },
  {
    name: "fixed window, moving parameter",
    reason: "version 2 ends a range query early there; each instant on its own gives a value",
    explains: ({ node, when }) =>
      when.kind === "range" &&
      nodesOf(node).some(({ name, parts }) =>
        ["predict_linear", "quantile_over_time"].includes(name) &&
        parts.some((part) =>
          typeof part !== "string" && part.type === "matrix" && part.parts.join().includes(" @ ")
        )
      ),
  },
];

function isFixed({ parts }: Expr): boolean {
  return parts.some((part) => typeof part === "string" && part.includes(" @ "));
}

const BAD_MATCH = /^(multiple matches for labels|found duplicate series)/;
const CALENDAR = new Set(
  "day_of_month day_of_week day_of_year days_in_month hour minute month year".split(" "),
);

function isNear(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= RELATIVE_DIFFERENCE_MAX * Math.max(Math.abs(a), Math.abs(b));
}

function sortedValues(answer: Answer): readonly number[] {
  if (answer.kind === "failed") return [];
  return answer.series.flatMap(({ points }) => points.map(([, value]) => numberOf(value))).sort((a, b) =>
    a - b
  );
}

/** Whether both answer with the same label sets, and each two values of an instant satisfy `check`. */
function everyPair({ expected, got }: Answers, check: (expected: number, got: number) => boolean): boolean {
  if (expected.kind === "failed" || got.kind === "failed" || expected.series.length !== got.series.length) {
    return false;
  }
  const ours = new Map(got.series.map((each) => [keyOf(each.metric), each]));
  return expected.series.every(({ metric, points }) => {
    const other = ours.get(keyOf(metric));
    if (other === undefined || other.points.length !== points.length) return false;
    return points.every(([, value], i) => check(numberOf(value), numberOf(other.points[i]![1])));
  });
}

function hasOperand(operands: readonly Answers[], check: (value: number) => boolean): boolean {
  return operands.some(({ expected }) =>
    expected.kind === "answered" &&
    expected.series.some(({ points }) => points.some(([, value]) => check(numberOf(value))))
  );
}

function largestOperand(operands: readonly Answers[]): number {
  let largest = 0;
  for (const { expected } of operands) {
    if (expected.kind === "failed") continue;
    for (const { points } of expected.series) {
      for (const [, value] of points) {
        const size = Math.abs(numberOf(value));
        if (size !== Infinity && size > largest) largest = size;
      }
    }
  }
  return largest;
}
