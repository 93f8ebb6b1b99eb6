/** A query's answer, from the API's JSON to promtool's text and JSON. */
import { UserError } from "../core/errors.ts";
import { formatFloatF, formatFloatG } from "../model/float.ts";
import { compareUtf8, quoteGo } from "../model/labels.ts";

export type Metric = Readonly<Record<string, string>>;
type Point = readonly [seconds: number, value: string];

interface Histogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [rule: number, low: string, high: string, count: string])[];
}
type HistogramPoint = readonly [seconds: number, histogram: Histogram];

interface Series {
  readonly metric: Metric;
  readonly value?: Point;
  readonly histogram?: HistogramPoint;
  readonly values?: readonly Point[];
  readonly histograms?: readonly HistogramPoint[];
}

export type QueryData =
  | { readonly resultType: "vector" | "matrix"; readonly result: readonly Series[] }
  | { readonly resultType: "scalar" | "string"; readonly result: Point };

export interface JsonResponse {
  readonly status: number;
  readonly statusText: string;
  readonly body: string;
}

/** Throws a `UserError` in the words of client_golang's API client. */
export function readQueryData(response: JsonResponse): QueryData {
  let envelope: unknown;
  try {
    envelope = JSON.parse(response.body);
  } catch (error) {
    throw new UserError("bad_data", `${statusClass(response)}: ${response.status}`, { cause: error });
  }
  if (!isRecord(envelope)) throw new UserError("bad_data", "bad_response: expected a JSON object");
  if (envelope["status"] === "error") {
    throw new UserError("execution", `${envelope["errorType"]}: ${envelope["error"]}`);
  }
  const data = envelope["data"];
  if (!isQueryData(data)) {
    throw new UserError("bad_data", "bad_response: expected a query result with resultType and result");
  }
  return data;
}

function statusClass({ status }: JsonResponse): string {
  if (status >= 400 && status < 500) return "client_error: client error";
  if (status >= 500) return "server_error: server error";
  return "bad_response: bad response code";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isQueryData(value: unknown): value is QueryData {
  if (!isRecord(value) || !Array.isArray(value["result"])) return false;
  const result: readonly unknown[] = value["result"];
  switch (value["resultType"]) {
    case "scalar":
    case "string":
      return isPoint(result);
    case "vector":
      return result.every((series) => isSeries(series) && ("value" in series || "histogram" in series));
    case "matrix":
      return result.every((series) => isSeries(series) && ("values" in series || "histograms" in series));
    default:
      return false;
  }
}

function isSeries(value: unknown): value is Series {
  if (!isRecord(value) || !isRecord(value["metric"])) return false;
  const { value: point, values } = value;
  return (point === undefined || isPoint(point)) &&
    (values === undefined || (Array.isArray(values) && values.every(isPoint)));
}

function isPoint(value: unknown): value is Point {
  return Array.isArray(value) && typeof value[0] === "number" && typeof value[1] === "string";
}

/** As model.Value's String, with a newline at the end. */
export function printText(data: QueryData): string {
  switch (data.resultType) {
    case "scalar":
      return `scalar: ${plainNumber(data.result[1])} @[${secondsText(data.result[0])}]\n`;
    case "string":
      return `${data.result[1]}\n`;
    case "vector":
      return data.result.map((series) => `${metricText(series.metric)} => ${samplesText(series)}`).join(
        "\n",
      ) +
        "\n";
    case "matrix":
      return [...data.result]
        .sort((a, b) => compareMetrics(a.metric, b.metric))
        .map((series) => `${metricText(series.metric)} =>\n${samplesText(series)}`).join("\n") + "\n";
  }
}

/** As model.LabelSet's Before: fewer labels first, then label by label, an absent one before a present one. */
function compareMetrics(a: Metric, b: Metric): number {
  const sizes = Object.keys(a).length - Object.keys(b).length;
  if (sizes !== 0) return sizes;
  for (const name of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort(compareUtf8)) {
    const x = a[name];
    const y = b[name];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const order = compareUtf8(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

function samplesText(series: Series): string {
  const points = series.values ?? (series.value === undefined ? [] : [series.value]);
  const histograms = series.histograms ?? (series.histogram === undefined ? [] : [series.histogram]);
  return [
    ...points.map(([seconds, value]) => `${plainNumber(value)} @[${secondsText(seconds)}]`),
    ...histograms.map(([seconds, histogram]) => `${histogramText(histogram)} @[${secondsText(seconds)}]`),
  ].join("\n");
}

/** The API writes very large and very small numbers with an exponent, promtool never does. */
function plainNumber(text: string): string {
  return /e/.test(text) ? formatFloatF(Number(text)) : text;
}

function secondsText(seconds: number): string {
  return formatFloatF(seconds);
}

function histogramText(histogram: Histogram): string {
  const buckets = (histogram.buckets ?? []).map(([rule, low, high, count]) => {
    const open = rule === 1 || rule === 3 ? "[" : "(";
    const close = rule === 0 || rule === 3 ? "]" : ")";
    return `${open}${formatFloatG(goNumber(low))},${formatFloatG(goNumber(high))}${close}:${count}`;
  });
  const six = (text: string) => goNumber(text).toFixed(6);
  return `Count: ${six(histogram.count)}, Sum: ${six(histogram.sum)}, Buckets: [${buckets.join(" ")}]`;
}

function goNumber(text: string): number {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}

/** As model.Metric's String: the name, then the other labels sorted. */
function metricText(metric: Metric): string {
  const name = metric["__name__"] ?? "";
  const labels = Object.keys(metric).filter((label) => label !== "__name__")
    .map((label) => `${label}=${quoteGo(metric[label]!)}`).sort(compareUtf8);
  if (labels.length === 0) return name === "" ? "{}" : name;
  return `${name}{${labels.join(", ")}}`;
}

/** One line, as Go's encoder writes it: label names sorted, `<`, `>` and `&` escaped. */
export function printJson(data: QueryData): string {
  const sorted = data.resultType === "vector" || data.resultType === "matrix"
    ? data.result.map(jsonSeries)
    : data.resultType === "scalar"
    ? plainPoint(data.result)
    : data.result;
  return JSON.stringify(sorted).replaceAll(/[<>&\u2028\u2029]/g, escapeUnicode) + "\n";
}

function jsonSeries({ metric, value, values, ...rest }: Series) {
  return {
    metric: sortedMetric(metric),
    ...(value === undefined ? {} : { value: plainPoint(value) }),
    ...(values === undefined ? {} : { values: values.map(plainPoint) }),
    ...rest,
  };
}

function plainPoint([seconds, value]: Point): Point {
  return [seconds, plainNumber(value)];
}

function escapeUnicode(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function sortedMetric(metric: Metric): Metric {
  return Object.fromEntries(
    Object.entries(metric).sort(([a], [b]) => compareUtf8(a, b)),
  );
}
