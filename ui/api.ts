/** The server's API as the page uses it: typed answers, errors with the server's own words, cancellation. */
import { useEffect, useState } from "preact/hooks";
import { pathPrefix } from "./routing.ts";

export type Metric = Readonly<Record<string, string>>;
export type Point = readonly [seconds: number, value: string];

export interface Histogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [rule: number, low: string, high: string, count: string])[];
}

export interface VectorSample {
  readonly metric: Metric;
  readonly value?: Point;
  readonly histogram?: readonly [seconds: number, histogram: Histogram];
}

export interface MatrixSeries {
  readonly metric: Metric;
  readonly values?: readonly Point[];
  readonly histograms?: readonly (readonly [seconds: number, histogram: Histogram])[];
}

export type QueryData =
  | { readonly resultType: "vector"; readonly result: readonly VectorSample[] }
  | { readonly resultType: "matrix"; readonly result: readonly MatrixSeries[] }
  | { readonly resultType: "scalar" | "string"; readonly result: Point };

export interface Answer<T> {
  readonly data: T;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Of the request, as the browser measured it. */
  readonly loadMs: number;
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(readonly errorType: string, message: string) {
    super(message);
  }
}

interface Envelope<T> {
  readonly status?: string;
  readonly data?: T;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

interface CallOptions {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly method?: "GET" | "POST";
  readonly signal?: AbortSignal;
}

/** `path` is below `/api/v1/`. Rejects with an `ApiError`, or an `AbortError` when cancelled. */
export async function callApi<T>(path: string, options: CallOptions = {}): Promise<Answer<T>> {
  const { parameters, method = "GET", signal } = options;
  const startMs = performance.now();
  const form = new URLSearchParams(parameters);
  const isPost = method === "POST";
  const url = `${pathPrefix}/api/v1/${path}${isPost || form.size === 0 ? "" : `?${form}`}`;
  let response: Response;
  try {
    response = await fetch(url, { method, ...(isPost ? { body: form } : {}), ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("unreachable", "The server does not answer. Is it running?");
  }
  const text = await response.text();
  const envelope = parseEnvelope<T>(text);
  if (envelope === undefined) {
    const said = text.trim().slice(0, 500);
    throw new ApiError(
      "bad_response",
      `The server answered ${response.status} ${response.statusText}${said === "" ? "" : `: ${said}`}`,
    );
  }
  if (envelope.status !== "success" || envelope.data === undefined) {
    throw new ApiError(envelope.errorType ?? "unknown", envelope.error ?? "The server gave no reason.");
  }
  return {
    data: envelope.data,
    warnings: envelope.warnings ?? [],
    infos: envelope.infos ?? [],
    loadMs: performance.now() - startMs,
  };
}

function parseEnvelope<T>(text: string): Envelope<T> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export type Loading<T> =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly error: Error }
  | { readonly kind: "loaded"; readonly answer: Answer<T> };

/** Loads once, and again every `refreshMs` while the page is visible; keeps the last answer meanwhile. */
export function useApi<T>(path: string, refreshMs?: number): Loading<T> {
  const [state, setState] = useState<Loading<T>>({ kind: "loading" });
  useEffect(() => {
    const controller = new AbortController();
    const load = async () => {
      try {
        const answer = await callApi<T>(path, { signal: controller.signal });
        setState({ kind: "loaded", answer });
      } catch (error) {
        if (!controller.signal.aborted) setState({ kind: "failed", error: error as Error });
      }
    };
    load();
    const timer = refreshMs === undefined
      ? undefined
      : setInterval(() => document.visibilityState === "visible" && load(), refreshMs);
    return () => {
      clearInterval(timer);
      controller.abort();
    };
  }, [path, refreshMs]);
  return state;
}
