/**
 * `query instant` and `query range`: asks a server of Prometheus's API and prints as promtool does. Talks through
 * a port and prints through another, so that neither the network nor the terminal is needed to test it.
 */
import { messageOf, UserError } from "../core/errors.ts";
import { parseDurationMs } from "../core/time.ts";
import { formatFloatF } from "../model/float.ts";
import type { SubcommandArguments } from "./argument_reader.ts";
import type { CommandPorts } from "./commands.ts";
import { printJson, printText, readQueryData } from "./query_output.ts";

/** As promtool: a range without --start begins this long before its end. */
const RANGE_SECONDS_DEFAULT = 300;
/** As promtool: a range without --step has about this many points. */
const POINTS_DEFAULT = 250;

export async function queryInstant(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  const { server, expression } = twoArguments(args);
  const time = args.values.get("time")?.at(-1);
  const seconds = time === undefined ? ports.nowMs() / 1000 : parseTimeSeconds(time, "evaluation time");
  return await ask(args, ports, `${server}/api/v1/query`, { query: expression, time: formatFloatF(seconds) });
}

export async function queryRange(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  const { server, expression } = twoArguments(args);
  const value = (name: string) => args.values.get(name)?.at(-1);
  const endText = value("end");
  const end = endText === undefined ? ports.nowMs() / 1000 : parseTimeSeconds(endText, "end time");
  const startText = value("start");
  const start = startText === undefined
    ? end - RANGE_SECONDS_DEFAULT
    : parseTimeSeconds(startText, "start time");
  if (start >= end) {
    ports.err("start time is not before end time\n");
    return 1;
  }
  const stepText = value("step");
  const step = stepText === undefined
    ? Math.max(Math.floor((end - start) / POINTS_DEFAULT), 1)
    : parseStepSeconds(stepText);
  return await ask(args, ports, `${server}/api/v1/query_range`, {
    query: expression,
    start: formatFloatF(start),
    end: formatFloatF(end),
    step: formatFloatF(step),
  });
}

async function ask(
  args: SubcommandArguments,
  ports: CommandPorts,
  url: string,
  parameters: Readonly<Record<string, string>>,
): Promise<number> {
  const format = args.values.get("format")?.at(-1) ?? "promql";
  if (format !== "promql" && format !== "json") {
    throw new UserError("bad_data", `enum value must be one of promql,json, got '${format}'`);
  }
  const headers = (args.values.get("header") ?? []).map(parseHeader);
  try {
    const body = new URLSearchParams(parameters).toString();
    const contentType = ["Content-Type", "application/x-www-form-urlencoded"] as const;
    const response = await ports.fetchJson({
      url,
      method: "POST",
      headers: [contentType, ...headers],
      body,
    });
    const data = readQueryData(response);
    ports.out(format === "json" ? printJson(data) : printText(data));
    return 0;
  } catch (error) {
    ports.err(`query error: ${messageOf(error)}\n`);
    return 1;
  }
}

function twoArguments(args: SubcommandArguments): { server: string; expression: string } {
  const [server, expression, ...rest] = args.positional;
  if (server === undefined) throw new UserError("bad_data", "required argument 'server' not provided");
  if (expression === undefined) throw new UserError("bad_data", "required argument 'expr' not provided");
  if (rest.length > 0) throw new UserError("bad_data", `unexpected ${rest[0]}`);
  return { server: serverUrl(server), expression };
}

function serverUrl(text: string): string {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UserError("bad_data", `expected the URL of a server, got ${JSON.stringify(text)}`);
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

function parseHeader(text: string): readonly [string, string] {
  const at = /[=:]/.exec(text)?.index;
  if (at === undefined || at === 0) {
    throw new UserError("bad_data", `expected HEADER=VALUE, got ${JSON.stringify(text)}`);
  }
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Unix seconds or RFC 3339. */
function parseTimeSeconds(text: string, what: string): number {
  if (/^-?[0-9]+(?:\.[0-9]+)?$/.test(text)) return Number(text);
  if (RFC3339.test(text)) {
    try {
      return Temporal.Instant.from(text).epochMilliseconds / 1000;
    } catch {
      // Such as the 31st of February: the message below says it.
    }
  }
  throw new UserError(
    "bad_data",
    `error parsing ${what}: cannot parse ${JSON.stringify(text)} to a valid timestamp`,
  );
}

function parseStepSeconds(text: string): number {
  const seconds = /^[0-9]+(?:\.[0-9]+)?$/.test(text) ? Number(text) : (parseDurationMs(text) ?? NaN) / 1000;
  if (!(seconds > 0)) {
    throw new UserError("bad_data", `expected a step such as 15s, got ${JSON.stringify(text)}`);
  }
  return seconds;
}
