/**
 * Consoles: pages made of templates that users wrote. A console knows the address it was asked with, the external
 * labels, and what the libraries define; what goes wrong in it is a text and a 500, as Prometheus's.
 */
import { messageOf, UserError } from "../core/errors.ts";
import { histogramAt } from "../model/histogram_cell.ts";
import type { Labels } from "../model/labels.ts";
import { wordsOf } from "../model/stale.ts";
import type { QueryValue } from "../promql/result.ts";
import { HtmlTemplate } from "../template/html/html_template.ts";
import { prometheusFunctions, type TemplateSample } from "../template/prometheus_functions.ts";
import { TemplateError } from "../template/template_error.ts";
import { GoFunction, GoMap, GoStruct, type GoValue } from "../template/values.ts";
import type { ConsoleLibrary } from "./deps.ts";
import { plainReply, statusOf } from "./errors.ts";
import { parseQueryString } from "./query_string.ts";
import type { Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import { sniffedTextType } from "./sniffed_type.ts";

/** As Prometheus puts before each console. */
const VARIABLES = "{{$rawParams := .RawParams }}{{$params := .Params}}{{$path := .Path}}" +
  "{{$externalLabels := .ExternalLabels}}";

export async function consolePage(call: Call): Promise<Reply> {
  const path = `/${call.pathParam("filepath")}`;
  try {
    const text = await call.deps.consoles.template(path);
    const params = parseQueryString(call.url.search.slice(1));
    const html = await expand(call, { path, text, params, libraries: await call.deps.consoles.libraries() });
    return { status: 200, contentType: sniffedTextType(html), body: html };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return plainReply(statusOf(error.code), error.message);
  }
}

interface Console {
  readonly path: string;
  readonly text: string;
  readonly params: ReadonlyMap<string, readonly string[]>;
  readonly libraries: readonly ConsoleLibrary[];
}

async function expand(call: Call, { path, text, params, libraries }: Console): Promise<string> {
  const name = `__console_${path}`;
  const functions = prometheusFunctions({
    query: async (expr) => samplesOf((await askEngine(call, expr)).value),
    nowMs: () => call.nowMs,
    externalUrl: call.deps.options.externalUrl.replace(/\/+$/, ""),
  });
  const template = new HtmlTemplate(name, functions);
  said(`error parsing template ${name}`, () => template.parse(VARIABLES + text));
  said(`error parsing template files for ${name}`, () => {
    for (const library of libraries) template.parse(library.text, library.name);
  });
  const data = new GoStruct({
    typeName:
      "struct { RawParams url.Values; Params map[string]string; Path string; ExternalLabels map[string]string }",
    fields: new Map<string, GoValue>([
      ["RawParams", rawParamsOf(params)],
      ["Params", GoMap.ofStrings([...params].map(([key, values]) => [key, values[0]!]))],
      ["Path", path.replace(/^\/+/, "")],
      ["ExternalLabels", GoMap.ofStrings(pairsOf(call.deps.externalLabels()))],
    ]),
  });
  try {
    return await template.expand({ data, signal: call.signal });
  } catch (error) {
    throw named(`error executing template ${name}`, error);
  }
}

function said(what: string, parse: () => void): void {
  try {
    parse();
  } catch (error) {
    throw named(what, error);
  }
}

function named(what: string, error: unknown): unknown {
  if (!(error instanceof TemplateError)) return error;
  return new UserError("internal", `${what}: ${messageOf(error)}`, { cause: error });
}

function askEngine({ deps, nowMs, signal, remoteAddress, request, url }: Call, expr: string) {
  return deps.engine.instant(expr, nowMs, {
    signal,
    origin: { kind: "http", clientIp: hostOf(remoteAddress), method: request.method, path: url.pathname },
  });
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}

function rawParamsOf(params: Console["params"]): GoMap {
  const get = new GoFunction({ params: ["string"], call: ([key]) => params.get(String(key))?.[0] ?? "" });
  const has = new GoFunction({ params: ["string"], call: ([key]) => params.has(String(key)) });
  return GoMap.ofAny(params, "url.Values", new Map([["Get", get], ["Has", has]]));
}

function pairsOf(labels: Labels): readonly (readonly [string, string])[] {
  return Array.from({ length: labels.length / 2 }, (_, i) => [labels[2 * i]!, labels[2 * i + 1]!] as const);
}

/** As Prometheus's rules: a scalar is one sample without labels, and the number of a histogram is 0. */
function samplesOf(value: QueryValue): readonly TemplateSample[] {
  if (value.kind === "scalar") return [{ labels: [], value: value.value }];
  if (value.kind !== "vector") throw new UserError("execution", "rule result is not a vector or scalar");
  const { labels, values, histograms } = value;
  const words = wordsOf(values);
  return labels.map((own, i) => ({
    labels: own,
    value: histogramAt(words, i, histograms) === undefined ? values[i]! : 0,
  }));
}
