/** Prometheus's own template functions. What depends on the moment (`query`, `now`, the external URL) is handed in. */
import { parseDurationMs } from "../core/time.ts";
import { compareUtf8, type Labels, quoteGo } from "../model/labels.ts";
import { compileUnanchored } from "../model/regex.ts";
import { type FunctionTable, functionTable } from "./builtins.ts";
import { escapeUrlQuery } from "./escape.ts";
import { goDuration, goTime } from "./go_time.ts";
import * as human from "./humanize.ts";
import { CallError } from "./template_error.ts";
import { GoMap, type GoSlice, GoStruct, type GoValue } from "./values.ts";

export interface TemplateSample {
  readonly labels: Labels;
  readonly value: number;
}

export interface TemplateWorld {
  /** Rejects with what is to be shown. */
  query(expression: string): Promise<readonly TemplateSample[]>;
  nowMs(): number;
  readonly externalUrl: string;
}

const SAMPLE = { struct: "*template.sample" } as const;

export function sampleValue({ labels, value }: TemplateSample): GoStruct {
  const entries: [string, string][] = [];
  for (let i = 0; i < labels.length; i += 2) entries.push([labels[i]!, labels[i + 1]!]);
  return new GoStruct({
    typeName: SAMPLE.struct,
    fields: new Map<string, GoValue>([["Labels", GoMap.ofStrings(entries)], ["Value", value]]),
  });
}

export function prometheusFunctions(world: TemplateWorld): FunctionTable {
  const number = (call: (value: number) => GoValue) => ({
    params: ["any"] as const,
    call: ([value]: readonly GoValue[]) => call(human.floatOf(value)),
  });
  const text = (call: (value: string) => GoValue) => ({
    params: ["string"] as const,
    call: ([value]: readonly GoValue[]) => call(String(value)),
  });
  return functionTable({
    query: {
      params: ["string"],
      call: async ([expression]) => {
        const samples = await world.query(String(expression));
        return samples.map(sampleValue);
      },
    },
    first: { params: ["slice"], call: ([vector]) => firstOf(vector as GoSlice) },
    label: { params: ["string", SAMPLE], call: ([name, sample]) => labelOf(sample, String(name)) },
    value: { params: [SAMPLE], call: ([sample]) => (sample as GoStruct).fields.get("Value") },
    strvalue: { params: [SAMPLE], call: ([sample]) => labelOf(sample, "__value__") },
    sortByLabel: {
      params: ["string", "slice"],
      call: ([name, vector]) =>
        (vector as GoSlice).toSorted((a, b) =>
          compareUtf8(labelOf(a, String(name)), labelOf(b, String(name)))
        ),
    },
    args: {
      params: [],
      rest: "any",
      call: (args) => GoMap.ofAny(args.map((arg, index) => [`arg${index}`, arg] as const)),
    },
    humanize: number(human.humanize),
    humanize1024: number(human.humanize1024),
    humanizeDuration: number(human.humanizeDuration),
    humanizePercentage: number(human.humanizePercentage),
    humanizeTimestamp: number(human.humanizeTimestamp),
    toTime: number((seconds) => goTime(human.epochMsOf(seconds))),
    toDuration: number((seconds) => goDuration(seconds * 1000)),
    now: { params: [], call: () => world.nowMs() / 1000 },
    parseDuration: text((duration) => {
      const ms = parseDurationMs(duration);
      if (ms === undefined) throw new CallError(`not a valid duration string: ${quoteGo(duration)}`);
      return ms / 1000;
    }),
    title: text((value) =>
      value.replace(/(^|[^\p{L}\p{M}\p{N}_'])(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase())
    ),
    toUpper: text((value) => value.toUpperCase()),
    toLower: text((value) => value.toLowerCase()),
    stripPort: text((value) => splitHostPort(value)?.host ?? value),
    stripDomain: text(stripDomain),
    match: {
      params: ["string", "string"],
      call: ([pattern, value]) => compileUnanchored(String(pattern)).finds(String(value)),
    },
    reReplaceAll: {
      params: ["string", "string", "string"],
      call: ([pattern, by, value]) =>
        compileUnanchored(String(pattern)).replaceAll(String(value), String(by)),
    },
    graphLink: text((expression) => `/graph?g0.expr=${escapeUrlQuery(expression)}&g0.tab=0`),
    tableLink: text((expression) => `/graph?g0.expr=${escapeUrlQuery(expression)}&g0.tab=1`),
    urlQueryEscape: text(escapeUrlQuery),
    safeHtml: text((value) => value),
    externalURL: { params: [], call: () => world.externalUrl },
    pathPrefix: { params: [], call: () => (URL.parse(world.externalUrl)?.pathname ?? "").replace(/\/$/, "") },
  });
}

function firstOf(vector: GoSlice): GoValue {
  if (vector.length === 0) throw new CallError("first() called on vector with no elements");
  return vector[0];
}

function labelOf(sample: GoValue, name: string): string {
  const labels = sample instanceof GoStruct ? sample.fields.get("Labels") : undefined;
  return labels instanceof GoMap ? String(labels.entries.get(name) ?? "") : "";
}

/** As net.SplitHostPort; undefined where it would refuse. */
function splitHostPort(text: string): { readonly host: string; readonly port: string } | undefined {
  const found = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text);
  return found === null ? undefined : { host: found[1] ?? found[2]!, port: found[3]! };
}

function stripDomain(hostPort: string): string {
  const split = splitHostPort(hostPort);
  const host = split?.host ?? hostPort;
  const isAddress = /^[0-9]{1,3}(\.[0-9]{1,3}){3}$/.test(host) ||
    (host.includes(":") && /^[0-9a-fA-F:.]+$/.test(host));
  const short = isAddress || host === "" ? host : host.split(".")[0]!;
  if (split === undefined || split.port === "") return short;
  return `${short.includes(":") ? `[${short}]` : short}:${split.port}`;
}
