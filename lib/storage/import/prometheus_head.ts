/**
 * What a Prometheus had not yet cut into blocks: its write-ahead log with the newest checkpoint, the log of late
 * samples, and, where a log is damaged, the full chunks beside it. Samples collect in memory up to a limit, and are
 * then written, all but the newest.
 */
import type { ByteFile, ByteFiles } from "../../core/ports.ts";
import { type Labels, labelsKey } from "../../model/labels.ts";
import { decodeChunkInto } from "../prometheus_tsdb/decode_chunk.ts";
import { readHeadChunks } from "../prometheus_tsdb/head_chunks.ts";
import { SampleColumn } from "../prometheus_tsdb/sample_column.ts";
import { isDeleted, Tombstones } from "../prometheus_tsdb/tombstones.ts";
import { visitRecord, type WalVisitor } from "../prometheus_tsdb/wal_records.ts";
import { readWalSegment } from "../prometheus_tsdb/wal_segments.ts";
import { type ImportSeries, sourceOf } from "./import_writer.ts";
import { HISTOGRAMS_SKIPPED, type ImportJob, noteDamage } from "./prometheus_blocks.ts";

/** Collected before they are written: 16 bytes each, and what arrays grow ahead. */
const BUFFER_SAMPLES_MAX = 8_000_000;
/** So far behind the newest sample every source has been heard of: younger ones wait for the rest of their row. */
const SETTLED_AFTER_MS = 120_000;

interface HeadSeries {
  readonly labels: Labels;
  readonly samples: SampleColumn;
  /** Of the full chunks beside the log. */
  chunksMaxMs: number;
  readonly refs: number[];
}

const IGNORED = {
  series: () => {},
  sample: () => {},
  tombstone: () => {},
  histogram: () => {},
  exemplars: () => {},
  metadata: () => {},
  unknown: () => {},
} satisfies WalVisitor;

export async function importHead(job: ImportJob, headFromMs: number): Promise<void> {
  const log = logFiles(job.files, `${job.directory}/wal`);
  const late = logFiles(job.files, `${job.directory}/wbl`);
  if (log.length === 0) {
    job.progress("no write-ahead log");
    return;
  }
  const head = new HeadImport(job, headFromMs);
  const damagedBefore = job.account.damaged;
  for (const path of log) head.readSeries(path);
  if (job.account.damaged > damagedBefore) {
    for (const name of job.files.names(`${job.directory}/chunks_head`) ?? []) {
      if (/^\d{6}$/.test(name)) await head.readChunks(`${job.directory}/chunks_head/${name}`);
    }
  }
  for (const path of log) await head.readSamples(path, headFromMs);
  // Late samples are older than the head on purpose.
  for (const path of late) await head.readSamples(path, -Infinity);
  await head.flush(Infinity);
}

/** Segments of the newest checkpoint, then those that came after it. */
function logFiles(files: ByteFiles, directory: string): readonly string[] {
  const names = files.names(directory) ?? [];
  const segments = names.filter((name) => /^\d{8}$/.test(name));
  const checkpoint = names.filter((name) => /^checkpoint\.\d+$/.test(name))
    .sort((a, b) => Number(a.slice(11)) - Number(b.slice(11))).at(-1);
  if (checkpoint === undefined) return segments.map((name) => `${directory}/${name}`);
  const through = Number(checkpoint.slice("checkpoint.".length));
  return [
    ...(files.names(`${directory}/${checkpoint}`) ?? []).filter((name) => /^\d{8}$/.test(name))
      .map((name) => `${directory}/${checkpoint}/${name}`),
    ...segments.filter((name) => Number(name) > through).map((name) => `${directory}/${name}`),
  ];
}

class HeadImport {
  readonly #job: ImportJob;
  readonly #headFromMs: number;
  readonly #byRef = new Map<number, HeadSeries>();
  readonly #sources = new Map<string, Map<string, HeadSeries>>();
  readonly #tombstones = new Tombstones();
  #buffered = 0;
  #newestMs = -Infinity;

  constructor(job: ImportJob, headFromMs: number) {
    this.#job = job;
    this.#headFromMs = headFromMs;
  }

  /** The first of two readings: series, and what was deleted. */
  readSeries(path: string): void {
    const { account } = this.#job;
    this.#records(path, {
      ...IGNORED,
      series: (ref, labels) => this.#define(ref, labels),
      tombstone: (ref, startMs, endMs) => this.#tombstones.add(ref, { startMs, endMs }),
      exemplars: (count) => account.skip("exemplars, which cannot be stored yet", count),
      metadata: (count) => account.skip("metadata of series, which cannot be stored yet", count),
      histogram: (_ref, tMs) => {
        if (tMs >= this.#headFromMs) account.skip(HISTOGRAMS_SKIPPED);
      },
      unknown: (kind) => account.skip(`records of the unknown kind ${kind}`),
    });
  }

  #define(ref: number, labels: Labels): void {
    if (labels.length === 0 || this.#byRef.has(ref)) return;
    const source = sourceOf(labels);
    let known = this.#sources.get(source);
    if (known === undefined) this.#sources.set(source, known = new Map());
    const key = labelsKey(labels);
    let series = known.get(key);
    if (series === undefined) {
      series = { labels, samples: new SampleColumn(0), chunksMaxMs: -Infinity, refs: [] };
      known.set(key, series);
    }
    series.refs.push(ref);
    this.#byRef.set(ref, series);
  }

  async readChunks(path: string): Promise<void> {
    const { account } = this.#job;
    const file = this.#job.files.open(path);
    try {
      for (const { ref, encoding, bytes } of readHeadChunks(file)) {
        const series = this.#byRef.get(ref);
        if (series === undefined) {
          account.skip("chunks of series that no log names");
          continue;
        }
        const before = series.samples.count;
        decodeChunkInto(encoding, bytes, {
          startMs: this.#headFromMs,
          endMs: Infinity,
          floats: series.samples,
          histogram: () => account.skip(HISTOGRAMS_SKIPPED),
          unknown: (kind) => account.skip(`chunks of the unknown encoding ${kind}`),
        });
        this.#buffered += series.samples.count - before;
        const lastMs = series.samples.tMs[series.samples.count - 1] ?? -Infinity;
        series.chunksMaxMs = Math.max(series.chunksMaxMs, lastMs);
        this.#newestMs = Math.max(this.#newestMs, lastMs);
        await this.#flushWhenFull();
      }
    } catch (error) {
      noteDamage(account, `the rest of ${path} left out`, error);
    } finally {
      file.close();
    }
  }

  async readSamples(path: string, fromMs: number): Promise<void> {
    const { account } = this.#job;
    const before = this.#buffered;
    const visit: WalVisitor = {
      ...IGNORED,
      sample: (ref, tMs, high, low) => {
        if (tMs < fromMs) return account.skip("samples of the log that blocks hold already");
        const series = this.#byRef.get(ref);
        if (series === undefined) return account.skip("samples of series that no log names");
        if (fromMs > -Infinity && tMs <= series.chunksMaxMs) return;
        series.samples.push(tMs, high, low);
        this.#buffered++;
        if (tMs > this.#newestMs) this.#newestMs = tMs;
      },
    };
    const file = this.#job.files.open(path);
    try {
      for (const record of readWalSegment(file, () => {})) {
        visitRecord(record, visit);
        await this.#flushWhenFull();
      }
    } catch (error) {
      // Told by the first reading already, in the same words.
      noteDamage(account, `the rest of ${path} left out`, error);
    } finally {
      file.close();
    }
    this.#job.progress(`${path}: ${Math.max(0, this.#buffered - before)} samples`);
  }

  #records(path: string, visit: WalVisitor): void {
    const torn = () => this.#job.account.skip("records that a crash cut off");
    let file: ByteFile | undefined;
    try {
      file = this.#job.files.open(path);
      for (const record of readWalSegment(file, torn)) visitRecord(record, visit);
    } catch (error) {
      noteDamage(this.#job.account, `the rest of ${path} left out`, error);
    } finally {
      file?.close();
    }
  }

  async #flushWhenFull(): Promise<void> {
    const samplesMax = this.#job.samplesMax ?? BUFFER_SAMPLES_MAX;
    if (this.#buffered >= samplesMax) await this.flush(this.#newestMs - SETTLED_AFTER_MS);
  }

  /** Writes what is not younger than `throughMs`. */
  async flush(throughMs: number): Promise<void> {
    this.#buffered = 0;
    for (const [source, known] of this.#sources) {
      const batch: ImportSeries[] = [];
      for (const { labels, samples, refs } of known.values()) {
        const deleted = refs.flatMap((ref) => this.#tombstones.of(ref));
        if (deleted.length > 0) samples.keepIf(0, (tMs) => !isDeleted(deleted, tMs));
        if (samples.count === 0) continue;
        const taken = samples.take(throughMs);
        this.#buffered += samples.count;
        if (taken.tMs.length > 0) batch.push({ labels, ...taken });
      }
      if (batch.length > 0) await this.#job.writer.write(source, batch);
    }
  }
}
