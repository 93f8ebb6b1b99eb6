/**
 * Scrape parsing: the positional reader against the full parser, and a whole digest, on two real node_exporter
 * bodies taken 5 s apart. Run with `deno run -A bench/exposition_bench.ts [body1 body2]`.
 */
import { BODY_SEAL_BYTES, BodyReader, sealBody, type SeriesSink } from "../lib/exposition/body_reader.ts";
import { LineTable } from "../lib/exposition/line_table.ts";
import { ScrapeSession } from "../lib/scrape/session.ts";
import { SCRAPE_SETTINGS_DEFAULT } from "../lib/scrape/settings.ts";

const folder = `${import.meta.dirname}/../../shared/testdata/exposition`;
const paths = Deno.args.length >= 2
  ? Deno.args
  : [`${folder}/node_exporter_1.txt`, `${folder}/node_exporter_2.txt`];
const files = paths.slice(0, 2).map((path) => Deno.readFileSync(path));
const RUNS = 6;
const SCRAPES = 2000;

function sealed(file: Uint8Array) {
  const bytes = new Uint8Array(file.length + BODY_SEAL_BYTES);
  bytes.set(file);
  return sealBody("text", bytes, file.length);
}

function samplesOf(lines: LineTable): number {
  let count = 0;
  for (let i = 0; i < lines.count; i++) if (lines.slot[i]! >= 0) count++;
  return count;
}

const bodies = files.map(sealed);
const reader = new BodyReader();
let slotsCount = 0;
const sink: SeriesSink = { defineSlot: () => slotsCount++ };
reader.read(bodies[0]!, undefined, sink);
const tables = [new LineTable(0), new LineTable(0)];
tables[0]!.copyFrom(reader.lines);
reader.read(bodies[1]!, { ...bodies[0]!, lines: tables[0]!, slotsCount }, sink);
tables[1]!.copyFrom(reader.lines);
const samples = samplesOf(reader.lines);

function positional(): void {
  for (let i = 0; i < SCRAPES; i++) {
    const k = i & 1;
    reader.read(bodies[1 - k]!, { ...bodies[k]!, lines: tables[k]!, slotsCount }, sink);
  }
}

function full(): void {
  for (let i = 0; i < SCRAPES; i++) {
    let next = 0;
    reader.read(bodies[i & 1]!, undefined, { defineSlot: () => next++ });
  }
}

const session = new ScrapeSession({
  cohort: "scrape/bench",
  targetLabels: ["instance", "a:9100", "job", "node"],
  settings: SCRAPE_SETTINGS_DEFAULT,
});

let tMs = 1_700_000_000_000;
let column = 0;
function digest(): void {
  for (let i = 0; i < SCRAPES; i++) {
    const body = files[i & 1]!;
    const { batch } = session.digest(
      { kind: "response", status: 200, statusText: "OK", contentType: "text/plain; version=0.0.4", body },
      tMs += 5000,
      3,
    );
    const refs = Uint32Array.from(batch.defined, () => column++);
    const counts = { appended: 0, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 };
    session.answered({ kind: "appended", epoch: 1, refs, counts });
  }
}

const cases = { full, positional, digest };
const best: Record<string, number> = {};
for (let run = 0; run < RUNS; run++) {
  for (const [name, work] of Object.entries(cases)) {
    const start = performance.now();
    work();
    const ns = (performance.now() - start) * 1e6 / SCRAPES / samples;
    best[name] = Math.min(best[name] ?? Infinity, ns);
  }
}
console.log(`${samples} samples, ${files[0]!.length} bytes a body; best of ${RUNS} runs`);
for (const [name, ns] of Object.entries(best)) console.log(`${name.padEnd(12)}${ns.toFixed(1)} ns a sample`);
const { series, bytes } = session.stats();
console.log(`session     ${series} series, ${(bytes / series).toFixed(0)} bytes a series`);
