/**
 * A fleet of synthetic node_exporters in one process: `/m/<i>` is target i. Bodies follow two real scrapes taken
 * seconds apart: lines that differed between them change at each scrape here (counters grow, gauges walk), all
 * others stay as they are. `/stats` tells how much was served.
 *
 *   deno run -A bench/fleet.ts PORT TARGETS TEMPLATE_A TEMPLATE_B
 */
interface Template {
  /** Text before each changing value; one more piece than there are values. */
  readonly pieces: readonly Uint8Array[];
  readonly start: Float64Array;
  readonly step: Float64Array;
  readonly grows: readonly boolean[];
  readonly seriesCount: number;
}

const encoder = new TextEncoder();

function templateOf(first: string, second: string): Template {
  const later = new Map(samplesOf(second));
  const types = new Map<string, string>();
  const pieces: Uint8Array[] = [];
  const start: number[] = [];
  const step: number[] = [];
  const grows: boolean[] = [];
  let text = "";
  let seriesCount = 0;
  for (const line of first.split("\n")) {
    const type = /^# TYPE (\S+) (\S+)/.exec(line);
    if (type !== null) types.set(type[1]!, type[2]!);
    const sample = sampleOf(line);
    const after = sample === undefined ? undefined : later.get(sample[0]);
    if (sample !== undefined) seriesCount++;
    if (sample === undefined || after === undefined || after === sample[1]) {
      text += line === "" ? "" : `${line}\n`;
      continue;
    }
    pieces.push(encoder.encode(`${text}${sample[0]} `));
    text = "\n";
    start.push(Number(sample[1]));
    step.push(Math.abs(Number(after) - Number(sample[1])) || 1);
    const name = sample[0].split("{")[0]!;
    grows.push(types.get(name) === "counter" || /_(total|sum|count|bucket)$/.test(name));
  }
  pieces.push(encoder.encode(text));
  return { pieces, start: Float64Array.from(start), step: Float64Array.from(step), grows, seriesCount };
}

function samplesOf(body: string): (readonly [string, string])[] {
  return body.split("\n").map(sampleOf).filter((sample) => sample !== undefined);
}

function sampleOf(line: string): readonly [key: string, value: string] | undefined {
  if (line === "" || line.startsWith("#")) return undefined;
  const space = line.lastIndexOf(" ");
  return [line.slice(0, space), line.slice(space + 1)];
}

class Fleet {
  readonly #values: Float64Array[];
  #seed = 12_345;

  constructor(readonly template: Template, targetsCount: number) {
    this.#values = Array.from({ length: targetsCount }, () => template.start.slice());
  }

  body(target: number): Uint8Array<ArrayBuffer> | undefined {
    const values = this.#values[target];
    if (values === undefined) return undefined;
    const { pieces, start, step, grows } = this.template;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < values.length; i++) {
      const whole = Number.isInteger(start[i]) && Number.isInteger(step[i]);
      let delta = step[i]! * (0.5 + this.#random());
      if (!grows[i] && this.#random() < 0.5) delta = -delta;
      const next = values[i]! + (whole ? Math.round(delta) : delta);
      values[i] = !grows[i] && next < 0 ? start[i]! : whole ? next : Math.round(next * 100) / 100;
      parts.push(pieces[i]!, encoder.encode(String(values[i])));
    }
    parts.push(pieces[values.length]!);
    return concat(parts);
  }

  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return this.#seed / 0x7fff_ffff;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

if (import.meta.main) {
  const [port, targets, a, b] = Deno.args;
  const template = templateOf(await Deno.readTextFile(a!), await Deno.readTextFile(b!));
  const fleet = new Fleet(template, Number(targets));
  let scrapes = 0;
  Deno.serve({ hostname: "127.0.0.1", port: Number(port) }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/stats") return Response.json({ scrapes, series: template.seriesCount });
    const body = fleet.body(Number(pathname.slice("/m/".length)));
    if (body === undefined) return new Response("no such target\n", { status: 404 });
    scrapes++;
    return new Response(body, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
  });
}
