/**
 * Types of expressions and the rules between them, in the words and order of Prometheus's parser. Runs once over a
 * fresh tree and settles what only types can tell: whether a binary operator matches vectors, and how.
 */
import { METRIC_NAME, quoteGo } from "../model/labels.ts";
import { matchesValue } from "../model/matchers.ts";
import type {
  Aggregate,
  Binary,
  Call,
  Expr,
  Position,
  ValueType,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import { FUNCTIONS } from "./functions_table.ts";
import { ParseError } from "./parse_error.ts";

/** The type that an expression evaluates to. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "selector":
    case "aggregate":
      return "vector";
    case "matrix":
    case "subquery":
      return "matrix";
    case "call":
      return FUNCTIONS.get(expr.name)?.returnType ?? "none";
    case "paren":
    case "unary":
      return typeOf(expr.expr);
    case "binary":
      return typeOf(expr.left) === "scalar" && typeOf(expr.right) === "scalar" ? "scalar" : "vector";
  }
}

/** As users read them. */
const DOCUMENTED: Readonly<Record<ValueType, string>> = {
  scalar: "scalar",
  vector: "instant vector",
  matrix: "range vector",
  string: "string",
  none: "none",
};

const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<=", "<", ">=", ">"]);
const SET_OPERATORS: ReadonlySet<string> = new Set(["and", "or", "unless"]);

/** Throws a `ParseError` for the first rule that `expr` breaks. */
export function checkTypes(query: string, expr: Expr): void {
  new TypeCheck(query).check(expr);
}

class TypeCheck {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case "number":
        return "scalar";
      case "string":
        return "string";
      case "selector":
        return this.#selector(expr, false);
      case "matrix":
        this.#selector(expr.selector, false);
        return "matrix";
      case "subquery": {
        const type = this.check(expr.expr);
        if (type !== "vector") {
          this.#refuse(expr.pos, `subquery is only allowed on instant vector, got ${type} instead`);
        }
        return "matrix";
      }
      case "paren":
        return this.check(expr.expr);
      case "unary": {
        const type = this.check(expr.expr);
        if (type !== "scalar" && type !== "vector") {
          this.#refuse(
            expr.pos,
            "unary expression only allowed on expressions of type scalar or instant vector, got " +
              quoteGo(DOCUMENTED[type]),
          );
        }
        return type;
      }
      case "aggregate":
        return this.#aggregate(expr);
      case "call":
        return this.#call(expr);
      case "binary":
        return this.#binary(expr);
    }
  }

  #refuse(pos: Position, message: string): never {
    throw new ParseError(this.#query, pos, message);
  }

  #expect(expr: Expr, want: ValueType, context: string): void {
    const got = this.check(expr);
    if (got === want) return;
    this.#refuse(expr.pos, `expected type ${DOCUMENTED[want]} in ${context}, got ${DOCUMENTED[got]}`);
  }

  #aggregate(expr: Aggregate): ValueType {
    this.#expect(expr.expr, "vector", "aggregation expression");
    if (expr.param !== undefined) {
      this.#expect(expr.param, expr.op === "count_values" ? "string" : "scalar", "aggregation parameter");
    }
    return "vector";
  }

  #call(expr: Call): ValueType {
    const { argTypes, variadic, returnType } = FUNCTIONS.get(expr.name)!;
    this.#argCount(expr, argTypes.length, variadic);
    const isInfo = expr.name === "info";
    if (isInfo) this.#infoSelector(expr);
    for (const [index, arg] of expr.args.entries()) {
      const want = argTypes[Math.min(index, argTypes.length - 1)]!;
      if (isInfo && index === 1 && arg.kind === "selector") this.#selector(arg, true);
      else this.#expect(arg, want, `call to function ${quoteGo(expr.name)}`);
    }
    return returnType;
  }

  #argCount(expr: Call, declared: number, variadic: number): void {
    const got = expr.args.length;
    const call = `argument(s) in call to ${quoteGo(expr.name)}, got ${got}`;
    if (variadic === 0) {
      if (got !== declared) this.#refuse(expr.pos, `expected ${declared} ${call}`);
      return;
    }
    const least = declared - 1;
    if (got < least) this.#refuse(expr.pos, `expected at least ${least} ${call}`);
    const most = least + variadic;
    if (variadic > 0 && got > most) this.#refuse(expr.pos, `expected at most ${most} ${call}`);
  }

  /** The second argument of info() is a bare selector of labels, which may match the empty string. */
  #infoSelector(expr: Call): void {
    const [, selector] = expr.args;
    if (selector === undefined) return;
    const type = typeOf(selector);
    if (type !== "vector") {
      this.#refuse(
        expr.pos,
        `expected type instant vector in call to function "info", got ${DOCUMENTED[type]}`,
      );
    }
    if (selector.kind !== "selector") this.#refuse(selector.pos, "expected label selectors only");
    if (selector.name !== "") {
      this.#refuse(selector.pos, "expected label selectors only, got vector selector instead");
    }
  }

  #selector(expr: VectorSelector, emptyAllowed: boolean): ValueType {
    if (expr.name !== "") {
      for (const matcher of expr.matchers.slice(0, -1)) {
        if (matcher.name !== METRIC_NAME) continue;
        this.#refuse(
          expr.pos,
          `metric name must not be set twice: ${quoteGo(expr.name)} or ${quoteGo(matcher.value)}`,
        );
      }
    } else if (!emptyAllowed && expr.matchers.every((matcher) => matchesValue(matcher, ""))) {
      this.#refuse(expr.pos, "vector selector must contain at least one non-empty matcher");
    }
    return "vector";
  }

  #binary(expr: Binary): ValueType {
    const left = this.check(expr.left);
    const right = this.check(expr.right);
    const matching = expr.matching!;
    const isSet = SET_OPERATORS.has(expr.op);
    this.#operands(expr, left, right, matching);
    const op = quoteGo(expr.op);
    const filled = matching.fillLeft !== undefined || matching.fillRight !== undefined;
    if (left !== "vector" || right !== "vector") {
      if (matching.labels.length > 0) {
        this.#refuse(expr.pos, "vector matching only allowed between instant vectors");
      }
      if (filled) {
        this.#refuse(expr.pos, "filling in missing series only allowed between instant vectors");
      }
      if (isSet) this.#refuse(expr.pos, `set operator ${op} not allowed in binary scalar expression`);
      setMatching(expr, undefined);
    } else if (isSet) {
      if (matching.card !== "one-to-one") this.#refuse(expr.pos, `no grouping allowed for ${op} operation`);
      if (filled) this.#refuse(expr.pos, "filling in missing series not allowed for set operators");
      setMatching(expr, { ...matching, card: "many-to-many" });
    }
    return left === "scalar" && right === "scalar" ? "scalar" : "vector";
  }

  #operands(expr: Binary, left: ValueType, right: ValueType, matching: VectorMatching): void {
    const isComparison = COMPARISONS.has(expr.op);
    if (expr.bool && !isComparison) {
      this.#refuse(expr.opPos, "bool modifier can only be used on comparison operators");
    }
    if (isComparison && !expr.bool && left === "scalar" && right === "scalar") {
      this.#refuse(expr.opPos, "comparisons between scalars must use BOOL modifier");
    }
    const twice = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
    if (twice !== undefined) {
      this.#refuse(expr.opPos, `label ${quoteGo(twice)} must not occur in ON and GROUP clause at once`);
    }
    for (const [side, type] of [[expr.left, left], [expr.right, right]] as const) {
      if (type === "scalar" || type === "vector") continue;
      this.#refuse(side.pos, "binary expression must contain only scalar and instant vector types");
    }
  }
}

/** The tree is still the parser's own, so a field may be settled in place. */
function setMatching(expr: Binary, matching: VectorMatching | undefined): void {
  const own: { matching: VectorMatching | undefined } = expr;
  own.matching = matching;
}
