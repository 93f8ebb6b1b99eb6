/**
 * Writes an expression in Prometheus's normal form, on one line: clauses before arguments, matchers sorted, blanks
 * where Prometheus puts them. What it writes parses to the same tree, but for a power of infinity: `Inf ^ 2` after a
 * sign is written `-+Inf ^ 2`, as Prometheus writes it, and read with one sign more.
 */
import { formatDurationMs } from "../core/time.ts";
import { formatFloatF, formatFloatG } from "../model/float.ts";
import { compareUtf8, isLegacyLabelName, METRIC_NAME, quoteGo } from "../model/labels.ts";
import type { Matcher } from "../model/matchers.ts";
import type {
  Aggregate,
  AtModifier,
  Binary,
  DurationExpr,
  Expr,
  MatrixSelector,
  NumberLiteral,
  Subquery,
  VectorSelector,
} from "./ast.ts";

/** Texts of expressions already written, for who prints a tree once for every level. */
export type PrintedTexts = Map<Expr, string>;

export function printExpr(expr: Expr, texts?: PrintedTexts): string {
  const known = texts?.get(expr);
  if (known !== undefined) return known;
  const text = write(expr, texts);
  texts?.set(expr, text);
  return text;
}

function write(expr: Expr, texts: PrintedTexts | undefined): string {
  switch (expr.kind) {
    case "number":
      return printNumber(expr);
    case "string":
      return quoteGo(expr.value);
    case "selector":
      return printSelector(expr);
    case "matrix":
      return printMatrix(expr);
    case "subquery":
      return printExpr(expr.expr, texts) + printSubquerySuffix(expr);
    case "aggregate": {
      const param = expr.param === undefined ? "" : `${printExpr(expr.param, texts)}, `;
      return `${printAggregateHead(expr)}(${param}${printExpr(expr.expr, texts)})`;
    }
    case "call":
      return `${expr.name}(${expr.args.map((arg) => printExpr(arg, texts)).join(", ")})`;
    case "binary":
      return `${printExpr(expr.left, texts)} ${printOperator(expr)} ${printExpr(expr.right, texts)}`;
    case "unary":
      return expr.op + printExpr(expr.expr, texts);
    case "paren":
      return `(${printExpr(expr.expr, texts)})`;
  }
}

function printNumber({ value, asDuration }: NumberLiteral): string {
  return asDuration ? formatDurationMs(Math.trunc(value * 1000)) : formatFloatF(value);
}

function printLabels(labels: readonly string[]): string {
  return labels.map((label) => isLegacyLabelName(label) ? label : quoteGo(label)).join(", ");
}

/** `sum by (a) `, with the blank before the parenthesis where there is a clause. */
export function printAggregateHead({ op, without, grouping }: Aggregate): string {
  if (without) return `${op} without (${printLabels(grouping)}) `;
  return grouping.length > 0 ? `${op} by (${printLabels(grouping)}) ` : op;
}

/** The operator with all its clauses. */
export function printOperator({ op, bool, matching }: Binary): string {
  let text = bool ? `${op} bool` : op;
  if (matching === undefined) return text;
  const { card, labels, on, include, fillLeft, fillRight } = matching;
  const grouped = card === "many-to-one" || card === "one-to-many";
  if (labels.length > 0 || on || grouped) text += ` ${on ? "on" : "ignoring"} (${printLabels(labels)})`;
  if (grouped) text += ` group_${card === "many-to-one" ? "left" : "right"} (${printLabels(include)})`;
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) {
    return `${text} fill (${formatFloatG(fillLeft)})`;
  }
  if (fillLeft !== undefined) text += ` fill_left (${formatFloatG(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatFloatG(fillRight)})`;
  return text;
}

export function printMatcher({ name, op, value }: Matcher): string {
  return `${isLegacyLabelName(name) ? name : quoteGo(name)}${op}${quoteGo(value)}`;
}

function printName({ name, matchers }: VectorSelector): string {
  const shown = matchers.filter((matcher) =>
    !(matcher.name === METRIC_NAME && matcher.op === "=" && matcher.value === name && name !== "")
  );
  if (shown.length === 0) return name === "" && matchers.length === 0 ? "{}" : name;
  return `${name}{${shown.map(printMatcher).sort(compareUtf8).join(",")}}`;
}

function printSelector(selector: VectorSelector): string {
  const edge = selector.edge === "plain" ? "" : ` ${selector.edge}`;
  return printName(selector) + printAt(selector.at) + edge + printOffset(selector.offset);
}

function printMatrix({ selector, range }: MatrixSelector): string {
  const edge = selector.edge === "plain" ? "" : ` ${selector.edge}`;
  return `${printName(selector)}[${printRange(range)}]${edge}${printAt(selector.at)}${
    printOffset(selector.offset)
  }`;
}

/** `[5m:1m] @ 10.000 offset 1m`. */
export function printSubquerySuffix({ range, step, at, offset }: Subquery): string {
  const stepText = step === undefined ? "" : printRange(step);
  return `[${printRange(range)}:${stepText}]${printAt(at)}${printOffset(offset)}`;
}

function printAt(at: AtModifier | undefined): string {
  if (at === undefined) return "";
  return at.kind === "time" ? ` @ ${printSeconds(at.tMs)}` : ` @ ${at.kind}()`;
}

/** Milliseconds as seconds with three decimals. */
function printSeconds(tMs: number): string {
  const sign = tMs < 0 ? "-" : "";
  const size = BigInt(Math.abs(tMs));
  return `${sign}${size / 1000n}.${String(size % 1000n).padStart(3, "0")}`;
}

function printOffset(offset: DurationExpr | undefined): string {
  return offset === undefined ? "" : ` offset ${printRange(offset)}`;
}

/** A literal that stands alone is always written as a duration. */
function printRange(duration: DurationExpr): string {
  return duration.kind === "literal" ? formatDurationMs(duration.ms) : printDuration(duration);
}

function printDuration(duration: DurationExpr): string {
  switch (duration.kind) {
    case "literal":
      return duration.asDuration ? formatDurationMs(duration.ms) : formatFloatF(duration.ms / 1000);
    case "step":
      return "step()";
    case "range":
      return "range()";
    case "unary":
      return duration.op === "-" ? `-${printDuration(duration.of)}` : printDuration(duration.of);
    case "binary":
      return `${printDuration(duration.left)} ${duration.op} ${printDuration(duration.right)}`;
    case "call":
      return `${duration.name}(${duration.args.map(printDuration).join(", ")})`;
    case "paren":
      return `(${printDuration(duration.of)})`;
  }
}
