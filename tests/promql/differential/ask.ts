/** Two servers that hold the same series, and their answers to one query. */
import assert from "node:assert/strict";
import { encodeSnappy } from "../../../lib/remote/snappy_block.ts";
import {
  encodeWriteRequest,
  WRITE_REQUEST_CONTENT_TYPE,
  WRITE_REQUEST_VERSION,
  type WriteSeries,
} from "../../../lib/remote/write_request.ts";
import { type Bounds, type Dialect, type Expr, render } from "./expression.ts";

export interface Pair {
  readonly prometheusUrl: string;
  readonly narthexUrl: string;
}

export type When =
  | { readonly kind: "instant"; readonly timeS: number }
  | { readonly kind: "range"; readonly startS: number; readonly endS: number; readonly stepS: number };

export type Point = readonly [timeS: number, value: string];

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

export type Answer =
  | { readonly kind: "failed"; readonly status: number; readonly errorType: string; readonly error: string }
  | { readonly kind: "answered"; readonly resultType: string; readonly series: readonly Series[] };

export interface Answers {
  readonly expected: Answer;
  readonly got: Answer;
}

/** `bounds`: of the range query that an instant query is taken from, for `@ start()` and `@ end()`. */
export async function askBoth(pair: Pair, node: Expr, when: When, bounds?: Bounds): Promise<Answers> {
  const one = (url: string, dialect: Dialect) => ask(url, render(node, dialect, bounds), when);
  const [expected, got] = await Promise.all([
    one(pair.prometheusUrl, "prometheus"),
    one(pair.narthexUrl, "narthex"),
  ]);
  return { expected, got };
}

/** A healthy answer takes milliseconds. */
const ANSWER_TIMEOUT_MS = 20_000;

interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

async function ask(url: string, query: string, when: When): Promise<Answer> {
  const isInstant = when.kind === "instant";
  const body = new URLSearchParams(
    isInstant
      ? { query, time: String(when.timeS) }
      : { query, start: String(when.startS), end: String(when.endS), step: String(when.stepS) },
  );
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const path = `${url}/api/v1/query${isInstant ? "" : "_range"}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, { method: "POST", body, signal });
    text = await response.text();
  } catch (cause) {
    throw new Error(`No answer from ${path} to ${body}`, { cause });
  }
  if (!text.startsWith("{")) {
    return { kind: "failed", status: response.status, errorType: "no JSON", error: text };
  }
  const answer = JSON.parse(text);
  if (answer.status !== "success") {
    return { kind: "failed", status: response.status, errorType: answer.errorType, error: answer.error };
  }
  const { resultType, result } = answer.data as {
    readonly resultType: string;
    readonly result: readonly ApiSeries[] | Point;
  };
  const series = resultType === "scalar" || resultType === "string"
    ? [{ metric: {}, points: [result as Point] }]
    : (result as readonly ApiSeries[]).map(({ metric, value, values }) => ({
      metric,
      points: values ?? (value === undefined ? [] : [value]),
    }))
      // Version 2 answers a subquery with series that have no samples.
      .filter(({ points }) => points.length > 0);
  return { kind: "answered", resultType, series };
}

/** Samples of a series in one request: several requests, in order of time. */
const SAMPLES_PER_REQUEST = 60;

export async function loadSeries(url: string, data: readonly WriteSeries[]): Promise<void> {
  const samplesMax = Math.max(...data.map(({ tMs }) => tMs.length));
  const spanMs = Math.max(...data.map(({ tMs }) => tMs.at(-1)!)) -
    Math.min(...data.map(({ tMs }) => tMs[0]!)) + 1;
  const sliceMs = spanMs / Math.ceil(samplesMax / SAMPLES_PER_REQUEST);
  const startMs = Math.min(...data.map(({ tMs }) => tMs[0]!));
  for (let fromMs = startMs; fromMs < startMs + spanMs; fromMs += sliceMs) {
    const part = data.flatMap(({ labels, tMs, values }) => {
      const from = tMs.findIndex((t) => t >= fromMs);
      const end = tMs.findLastIndex((t) => t < fromMs + sliceMs) + 1;
      return from < 0 || end <= from
        ? []
        : [{ labels, tMs: tMs.slice(from, end), values: values.slice(from, end) }];
    });
    if (part.length === 0) continue;
    const response = await fetch(`${url}/api/v1/write`, {
      method: "POST",
      body: encodeSnappy(encodeWriteRequest(part)),
      headers: {
        "content-encoding": "snappy",
        "content-type": WRITE_REQUEST_CONTENT_TYPE,
        "x-prometheus-remote-write-version": WRITE_REQUEST_VERSION,
      },
    });
    assert.equal(response.status, 204, await response.text());
  }
}
