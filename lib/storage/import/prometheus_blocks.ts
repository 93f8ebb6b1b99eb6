/**
 * The blocks of a Prometheus, as samples for an `ImportWriter`: blocks that overlap are read together, source by
 * source and in slices of time, so that memory holds one slice of one source and where each series lies.
 */
import { UserError } from "../../core/errors.ts";
import type { ByteFile, ByteFiles } from "../../core/ports.ts";
import { type Labels, labelsKey } from "../../model/labels.ts";
import { CorruptDataError } from "../errors.ts";
import { BlockChunks } from "../prometheus_tsdb/block_chunks.ts";
import { BlockIndex, type ChunkMeta } from "../prometheus_tsdb/block_index.ts";
import { type BlockMeta, readBlockMeta } from "../prometheus_tsdb/block_meta.ts";
import { decodeChunkInto } from "../prometheus_tsdb/decode_chunk.ts";
import { SampleColumn } from "../prometheus_tsdb/sample_column.ts";
import { type Interval, isDeleted, readTombstones, Tombstones } from "../prometheus_tsdb/tombstones.ts";
import type { ImportAccount } from "./account.ts";
import { type ImportSeries, type ImportWriter, sourceOf } from "./import_writer.ts";

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
/** As Prometheus: samples of a full chunk; later ones may hold more, histograms' fewer. */
const CHUNK_SAMPLES = 120;
/** Of one slice, estimated: 16 bytes each, and as many again while they are written. */
const SLICE_SAMPLES_MAX = 4_000_000;
export const HISTOGRAMS_SKIPPED = "native histogram samples, which cannot be stored yet";

export interface ImportJob {
  readonly files: ByteFiles;
  readonly directory: string;
  readonly writer: ImportWriter;
  readonly account: ImportAccount;
  readonly progress: (line: string) => void;
  /** Samples in memory at once. Default: `SLICE_SAMPLES_MAX` of a block, `BUFFER_SAMPLES_MAX` of a head. */
  readonly samplesMax?: number;
}

interface Block {
  readonly meta: BlockMeta;
  readonly index: BlockIndex;
  readonly chunks: BlockChunks;
  readonly tombstones: Tombstones;
}

/** Chunks of one series, from every block of the stretch. */
interface SeriesParts {
  readonly labels: Labels;
  readonly parts: {
    readonly block: Block;
    readonly chunks: readonly ChunkMeta[];
    readonly deleted: readonly Interval[];
  }[];
}

/** The end of the newest block that was cut from a head: what the log says of times before it is in blocks. */
export async function importBlocks(job: ImportJob): Promise<number> {
  const metas = blocksOf(job);
  let headFromMs = -Infinity;
  for (const meta of metas) if (!meta.outOfOrder) headFromMs = Math.max(headFromMs, meta.maxMs);
  for (let at = 0; at < metas.length;) {
    let end = at + 1;
    let endMs = metas[at]!.maxMs;
    while (end < metas.length && metas[end]!.minMs < endMs) endMs = Math.max(endMs, metas[end++]!.maxMs);
    await importStretch(metas.slice(at, end), job);
    at = end;
  }
  return headFromMs;
}

/** Those that Prometheus would load, oldest first. */
function blocksOf({ files, directory, account }: ImportJob): BlockMeta[] {
  const names = files.names(directory);
  if (names === undefined) throw new UserError("not_found", `open ${directory}: no such directory`);
  const metas: BlockMeta[] = [];
  for (const name of names.filter((name) => ULID.test(name))) {
    const path = `${directory}/${name}/meta.json`;
    try {
      metas.push({ ...readBlockMeta(textOf(files, path), path), ulid: name });
    } catch (error) {
      noteDamage(account, `block ${name} left out`, error);
    }
  }
  const replaced = new Set(metas.flatMap((meta) => meta.parents));
  const kept = metas.filter((meta) => !replaced.has(meta.ulid));
  account.skip("blocks that a newer block replaces", metas.length - kept.length);
  return kept.sort((a, b) => a.minMs - b.minMs || a.maxMs - b.maxMs);
}

async function importStretch(metas: readonly BlockMeta[], job: ImportJob): Promise<void> {
  const blocks = metas.map((meta) => openBlock(meta, job)).filter((block) => block !== undefined);
  const { writer, progress } = job;
  const before = writer.samples;
  try {
    const sources = new Map<string, number[][]>();
    for (const [number, block] of blocks.entries()) scan(block, number, blocks.length, sources, job);
    for (const [source, places] of sources) {
      await importSource(source, partsOf(blocks, places, job), job);
    }
  } finally {
    for (const { index, chunks } of blocks) {
      index.close();
      chunks.close();
    }
  }
  for (const { meta } of blocks) progress(`block ${meta.ulid}: ${isoOf(meta.minMs)} to ${isoOf(meta.maxMs)}`);
  progress(`  ${writer.samples - before} samples`);
}

function openBlock(meta: BlockMeta, { files, directory, account }: ImportJob): Block | undefined {
  const path = `${directory}/${meta.ulid}`;
  try {
    const index = new BlockIndex(files.open(`${path}/index`));
    const chunks = new BlockChunks(files, `${path}/chunks`);
    let tombstones = new Tombstones();
    if (files.names(path)?.includes("tombstones") === true) {
      const file = files.open(`${path}/tombstones`);
      tombstones = readTombstones(file.read(0, file.bytesCount), file.path);
      file.close();
    }
    return { meta, index, chunks, tombstones };
  } catch (error) {
    noteDamage(account, `block ${meta.ulid} left out`, error);
    return undefined;
  }
}

/** Notes for each source where its series lie, block by block. */
function scan(
  { meta, index }: Block,
  number: number,
  blocksCount: number,
  sources: Map<string, number[][]>,
  { account }: ImportJob,
): void {
  const places = index.places()[Symbol.iterator]();
  while (true) {
    try {
      const { value: place, done } = places.next();
      if (done === true) return;
      const { labels } = index.seriesAt(place);
      const source = sourceOf(labels);
      let lists = sources.get(source);
      if (lists === undefined) sources.set(source, lists = Array.from({ length: blocksCount }, () => []));
      lists[number]!.push(place);
    } catch (error) {
      noteDamage(account, `the rest of block ${meta.ulid} left out`, error);
      return;
    }
  }
}

function partsOf(
  blocks: readonly Block[],
  places: readonly (readonly number[])[],
  { account }: ImportJob,
): SeriesParts[] {
  const bySeries = new Map<string, SeriesParts>();
  for (const [number, block] of blocks.entries()) {
    for (const place of places[number]!) {
      try {
        const { ref, labels, chunks } = block.index.seriesAt(place);
        const key = labelsKey(labels);
        let found = bySeries.get(key);
        if (found === undefined) bySeries.set(key, found = { labels, parts: [] });
        found.parts.push({ block, chunks, deleted: block.tombstones.of(ref) });
      } catch (error) {
        noteDamage(account, `a series of block ${block.meta.ulid} left out`, error);
      }
    }
  }
  return [...bySeries.values()];
}

async function importSource(source: string, series: readonly SeriesParts[], job: ImportJob): Promise<void> {
  let chunksCount = 0;
  let startMs = Infinity;
  let endMs = -Infinity;
  for (const { parts } of series) {
    for (const { chunks } of parts) {
      chunksCount += chunks.length;
      for (const { minMs, maxMs } of chunks) {
        startMs = Math.min(startMs, minMs);
        endMs = Math.max(endMs, maxMs);
      }
    }
  }
  if (chunksCount === 0) return;
  const slices = Math.max(1, Math.ceil(chunksCount * CHUNK_SAMPLES / (job.samplesMax ?? SLICE_SAMPLES_MAX)));
  const sliceMs = Math.ceil((endMs - startMs + 1) / slices);
  const column = new SampleColumn();
  for (let fromMs = startMs; fromMs <= endMs; fromMs += sliceMs) {
    const batch: ImportSeries[] = [];
    for (const one of series) {
      column.clear();
      gather(one, fromMs, fromMs + sliceMs - 1, column, job.account);
      if (column.count > 0) batch.push({ labels: one.labels, ...column.sorted() });
    }
    if (batch.length > 0) await job.writer.write(source, batch);
  }
}

/** Samples of one series in a slice; of two at one time the one of the older block comes first and stays. */
function gather(
  { parts }: SeriesParts,
  startMs: number,
  endMs: number,
  floats: SampleColumn,
  account: ImportAccount,
): void {
  for (const { block, chunks, deleted } of parts) {
    const from = floats.count;
    const sink = {
      ...{ startMs, endMs, floats },
      histogram: () => account.skip(HISTOGRAMS_SKIPPED),
      unknown: (encoding: number) => account.skip(`chunks of the unknown encoding ${encoding}`),
    };
    for (const { minMs, maxMs, segment, offset } of chunks) {
      if (maxMs < startMs || minMs > endMs) continue;
      try {
        const { encoding, bytes } = block.chunks.read(segment, offset);
        decodeChunkInto(encoding, bytes, sink);
      } catch (error) {
        noteDamage(account, `a chunk of block ${block.meta.ulid} left out`, error);
      }
    }
    if (deleted.length > 0) floats.keepIf(from, (tMs) => !isDeleted(deleted, tMs));
  }
}

export function noteDamage(account: ImportAccount, what: string, error: unknown): void {
  if (!(error instanceof CorruptDataError) && !(error instanceof UserError)) throw error;
  account.noteDamage(`${what}: ${error.message}`);
}

function textOf(files: ByteFiles, path: string): string {
  const file: ByteFile = files.open(path);
  try {
    return new TextDecoder().decode(file.read(0, file.bytesCount));
  } finally {
    file.close();
  }
}

export function isoOf(tMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(tMs).toString();
}
