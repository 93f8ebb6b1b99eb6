/**
 * Takes samples of the past, by source and in pieces of time, to pages of cohorts of their own. Series of one job and
 * instance that share their times share a cohort; others of the same source get another. Nothing is visible before
 * `finish`.
 */
import { createHash } from "node:crypto";
import type { Kv } from "../../core/ports.ts";
import { COHORT_NAME_BYTES_MAX } from "../../model/batch.ts";
import { type Labels, labelsKey, labelValue } from "../../model/labels.ts";
import type { StorageKeys } from "../keys.ts";
import { Commits } from "../maintenance_run.ts";
import { ImportCohort, type ImportColumn } from "./import_cohort.ts";
import { importKeys, publishImport } from "./publish.ts";

/** Cohorts of one source: what is in none of their times goes to the last. */
const PHASES_MAX = 64;
/** Times of a new series that are looked for among those of the cohorts there are. */
const PROBES = 8;

/** Times ascending, none twice; at least one. */
export interface ImportSeries {
  readonly labels: Labels;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
}

export interface ImportPorts {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  /** Names and numbers that the store has in use. */
  readonly nextCohort: number;
  readonly names: ReadonlySet<string>;
  /** The journal is not needed up to this record. */
  readonly truncatedThrough: number;
}

interface Source {
  readonly name: string;
  readonly cohorts: ImportCohort[];
  readonly places: Map<string, { readonly cohort: ImportCohort; readonly column: number }>;
}

export class ImportWriter {
  readonly #ports: ImportPorts;
  readonly #commits: Commits;
  readonly #sources = new Map<string, Source>();
  readonly #taken: Set<string>;
  #nextCohort: number;
  series = 0;
  samples = 0;

  constructor(ports: ImportPorts) {
    this.#ports = ports;
    this.#commits = new Commits({ kv: ports.kv, checks: () => [] });
    this.#taken = new Set(ports.names);
    this.#nextCohort = ports.nextCohort;
  }

  /** Series of one source (`sourceOf`), each label set once. Later calls bring later samples, mostly. */
  async write(sourceName: string, series: readonly ImportSeries[]): Promise<void> {
    const source = this.#source(sourceName);
    const byCohort = new Map<ImportCohort, ImportColumn[]>();
    const phases = new Map<number, ImportCohort>();
    const unknown: ImportSeries[] = [];
    const take = (cohort: ImportCohort, column: number, { tMs, values }: ImportSeries) => {
      const list = byCohort.get(cohort);
      if (list === undefined) byCohort.set(cohort, [{ column, tMs, values }]);
      else list.push({ column, tMs, values });
      // A sample of one that many share says nothing new.
      if (phases.get(tMs[0]!) !== cohort || phases.get(tMs[tMs.length - 1]!) !== cohort) {
        for (const time of tMs) if (!phases.has(time)) phases.set(time, cohort);
      }
      this.samples += tMs.length;
    };
    for (const one of series) {
      const place = source.places.get(labelsKey(one.labels));
      if (place === undefined) unknown.push(one);
      else take(place.cohort, place.column, one);
    }
    for (const one of unknown) {
      const cohort = phaseOf(one.tMs, phases) ?? this.#newCohort(source);
      const column = cohort.addColumn(one.labels);
      source.places.set(labelsKey(one.labels), { cohort, column });
      this.series++;
      take(cohort, column, one);
    }
    for (const [cohort, columns] of byCohort) {
      columns.sort((a, b) => a.column - b.column);
      await cohort.write(columns, this.#ports.keys, this.#commits);
    }
  }

  #source(name: string): Source {
    let source = this.#sources.get(name);
    if (source === undefined) this.#sources.set(name, source = { name, cohorts: [], places: new Map() });
    return source;
  }

  #newCohort(source: Source): ImportCohort {
    if (source.cohorts.length >= PHASES_MAX) return source.cohorts[source.cohorts.length - 1]!;
    let name = source.name;
    for (let number = 2; this.#taken.has(name); number++) name = nameOf(source.name, number);
    this.#taken.add(name);
    const cohort = new ImportCohort(this.#nextCohort++, name);
    source.cohorts.push(cohort);
    return cohort;
  }

  get cohorts(): number {
    return [...this.#sources.values()].reduce((sum, source) => sum + source.cohorts.length, 0);
  }

  get bytes(): number {
    let bytes = 0;
    for (const { cohorts } of this.#sources.values()) for (const cohort of cohorts) bytes += cohort.bytes;
    return bytes;
  }

  /** Makes everything visible at once. */
  async finish(): Promise<void> {
    const { kv, keys } = this.#ports;
    const aside = importKeys(keys);
    // Records of the journal that were cut off already cannot be those of a cohort that is new.
    const baseSeq = Math.max(1, this.#ports.truncatedThrough);
    for (const { cohorts } of this.#sources.values()) {
      for (const cohort of cohorts) {
        await cohort.finish(keys, aside, baseSeq, this.#commits, (prefix) => kv.list({ prefix }));
      }
    }
    await this.#commits.flush();
    await publishImport(kv, keys, []);
  }
}

/** The cohort at whose times most of the probes lie. */
function phaseOf(tMs: Float64Array, phases: ReadonlyMap<number, ImportCohort>): ImportCohort | undefined {
  const votes = new Map<ImportCohort, number>();
  let best: ImportCohort | undefined;
  for (let i = 0; i < PROBES; i++) {
    const cohort = phases.get(tMs[Math.floor(i * (tMs.length - 1) / (PROBES - 1))]!);
    if (cohort === undefined) continue;
    const count = (votes.get(cohort) ?? 0) + 1;
    votes.set(cohort, count);
    if (best === undefined || count > votes.get(best)!) best = cohort;
  }
  return best;
}

/** Who sampled a series, as far as its labels tell. A name that would be too long keeps its head and a hash. */
export function sourceOf(labels: Labels): string {
  return nameOf(`import/${labelValue(labels, "job")}/${labelValue(labels, "instance")}`, 1);
}

function nameOf(name: string, number: number): string {
  const whole = number === 1 ? name : `${name}#${number}`;
  if (whole.length * 3 <= COHORT_NAME_BYTES_MAX) return whole;
  return `${whole.slice(0, 100)}#${createHash("sha256").update(whole).digest("hex").slice(0, 32)}`;
}
