/**
 * The parameters of a request: of the URL, and of a form in the body, which comes first. Parsers of what several
 * endpoints share, with Prometheus's texts.
 */
import { messageOf, UserError } from "../core/errors.ts";
import type { EpochMs } from "../core/time.ts";
import { quoteGo } from "../model/labels.ts";
import { type Matcher, matchesValue } from "../model/matchers.ts";
import { parseMetricSelector } from "../promql/parse.ts";
import type { TimeRange } from "../storage/source.ts";
import { badData, invalidParameter } from "./errors.ts";
import { parseApiDurationMs, parseTimeMs, TIME_MS_MAX, TIME_MS_MIN } from "./times.ts";
import { readBody } from "./body.ts";

/** As Go reads a form. */
export const FORM_BYTES_MAX = 10 * 1024 * 1024;

export class Params {
  readonly #form: URLSearchParams | undefined;
  readonly #query: URLSearchParams;

  constructor(query: URLSearchParams, form: URLSearchParams | undefined) {
    this.#query = query;
    this.#form = form;
  }

  /** The first value, or "": an empty parameter means the same as none. */
  get(name: string): string {
    return this.#form?.get(name) ?? this.#query.get(name) ?? "";
  }

  all(name: string): readonly string[] {
    const fromQuery = this.#query.getAll(name);
    return this.#form === undefined ? fromQuery : [...this.#form.getAll(name), ...fromQuery];
  }
}

export async function readParams(request: Request, url: URL): Promise<Params> {
  const type = (request.headers.get("Content-Type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (request.method === "GET" || request.method === "HEAD" || type !== "application/x-www-form-urlencoded") {
    return new Params(url.searchParams, undefined);
  }
  const body = await readBody(request, FORM_BYTES_MAX);
  if (body === undefined) throw badData("error parsing form values: http: POST too large");
  return new Params(url.searchParams, new URLSearchParams(new TextDecoder().decode(body)));
}

/** A required time: its absence is an empty text that does not parse. */
export function timeParam(params: Params, name: string): EpochMs {
  return withParameter(name, () => parseTimeMs(params.get(name)));
}

/** As Prometheus: a time with a default names the parameter twice. */
export function optionalTimeParam(params: Params, name: string, defaultMs: EpochMs): EpochMs {
  const text = params.get(name);
  if (text === "") return defaultMs;
  return withParameter(name, () => {
    try {
      return parseTimeMs(text);
    } catch (error) {
      throw badData(`Invalid time value for '${name}': ${messageOf(error)}`);
    }
  });
}

export function durationParam(params: Params, name: string): number {
  return withParameter(name, () => parseApiDurationMs(params.get(name)));
}

export function optionalDurationParam(params: Params, name: string): number | undefined {
  return params.get(name) === "" ? undefined : durationParam(params, name);
}

/** `start` and `end` of the endpoints that look for series; all of time without them. */
export function rangeParam(params: Params): TimeRange {
  return {
    startMs: optionalTimeParam(params, "start", TIME_MS_MIN),
    endMs: optionalTimeParam(params, "end", TIME_MS_MAX),
  };
}

/** 0: no limit. */
export function limitParam(params: Params): number {
  const text = params.get("limit");
  if (text === "") return 0;
  const limit = parseInteger(text);
  if (limit === undefined) {
    throw invalidParameter("limit", `strconv.Atoi: parsing ${quoteGo(text)}: invalid syntax`);
  }
  if (limit < 0) throw invalidParameter("limit", "limit must be non-negative");
  return limit;
}

/** As Go's strconv.Atoi; undefined for what it would refuse. */
export function parseInteger(text: string): number | undefined {
  return /^[+-]?[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Each set must say something about at least one label that is there. */
export function matcherSetsOf(texts: readonly string[]): readonly (readonly Matcher[])[] {
  const sets = texts.map((text) => parseMetricSelector(text));
  for (const set of sets) {
    if (set.every((matcher) => matchesValue(matcher, ""))) {
      throw badData("match[] must contain at least one non-empty matcher");
    }
  }
  return sets;
}

/** Names the parameter in a `UserError` that `parse` throws. */
export function withParameter<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof UserError) throw invalidParameter(name, error.message);
    throw error;
  }
}
