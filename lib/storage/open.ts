/**
 * Brings a head back from the store: manifests and catalogue, not pages. The journal is then replayed after
 * `afterSeq`. Counts the opening, so that references handed out before are told apart from those to come. A cohort
 * whose manifest or catalogue is damaged is left out and reported: nothing of it is deleted, and all others open.
 */
import { Pace, pauseMs } from "../actor/pace.ts";
import { readAhead } from "../actor/read_ahead.ts";
import { messageOf } from "../core/errors.ts";
import type { Clock, Kv, KvCommit, KvEntry, KvKey, Log } from "../core/ports.ts";
import { ByteReader } from "./codecs/bytes.ts";
import { decodeChunk, type PackedLabels } from "./codecs/labels_chunk.ts";
import { decodeExemplarChunk } from "./codecs/exemplars.ts";
import { decodeManifest, type Manifest } from "./codecs/manifest.ts";
import { Cohort, REMOVED_SERIES } from "./cohort.ts";
import { takeHistograms } from "./cohort_histograms.ts";
import { applyDeletions, loadDeletions } from "./deletions.ts";
import { CorruptDataError, LeaseLostError } from "./errors.ts";
import { decodeBoot, encodeBoot } from "./fence.ts";
import { Head } from "./head.ts";
import type { HeadOptions } from "./head_options.ts";
import { finishImport } from "./import/publish.ts";
import type { StorageKeys } from "./keys.ts";
import { manifestOf } from "./manifest_store.ts";
import { PackedPairs } from "./packed_pairs.ts";

/** Epochs stay exact integers. */
const BOOTS_MAX = 2 ** 20;
/** With the pauses between them a minute: a store that is away for longer is the supervisor's matter. */
const OPEN_ATTEMPTS_MAX = 18;
const OPEN_PAUSE_MS_MIN = 100;
const OPEN_PAUSE_MS_MAX = 5_000;
/** Entries that are fetched while others are decoded: of some 5 KiB, of 60 KiB at the most. */
const READ_AHEAD_ENTRIES = 128;

export interface OpenPorts {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  readonly log: Log;
  readonly checks: () => NonNullable<KvCommit["checks"]>;
  /** Pauses between attempts and between slices of work. Default: no pauses. */
  readonly clock?: Clock | undefined;
}

export async function openHead(
  ports: OpenPorts,
  options: HeadOptions,
): Promise<{ readonly head: Head; readonly afterSeq: number }> {
  return await retried(ports, async () => {
    const { boot, versionstamp } = await countBootOnce(ports);
    await finishImport(ports.kv, ports.keys, ports.checks());
    const head = new Head(boot, options);
    head.fence = { key: ports.keys.boots, versionstamp };
    return await loadHead(ports, head);
  });
}

/** As `openHead`, for who only reads: counts no opening and writes nothing. The store may be another process's. */
export async function readHead(
  ports: Omit<OpenPorts, "checks">,
  options: HeadOptions,
): Promise<{ readonly head: Head; readonly afterSeq: number }> {
  return await loadHead({ ...ports, checks: () => [] }, new Head(0, options));
}

async function loadHead(
  ports: OpenPorts,
  head: Head,
): Promise<{ readonly head: Head; readonly afterSeq: number }> {
  // First the truncation point: what a writer beside this reader cuts off later is in the manifests by then.
  const through = await ports.kv.get(ports.keys.truncatedThrough);
  await new Opening(ports, head).load();
  await loadExemplars(ports, head);
  applyDeletions(head, await loadDeletions(ports.kv, ports.keys, ports.log));
  const afterSeq = through === null ? 0 : new ByteReader(through.value, "truncation point").varint();
  head.truncatedThrough = afterSeq;
  head.nextSeq = afterSeq + 1;
  return { head, afterSeq };
}

/** A damaged chunk is left out. Its number is not used again, and what was dropped stays so. */
async function loadExemplars({ kv, keys, log }: OpenPorts, head: Head): Promise<void> {
  for await (const { key, value } of readAhead(kv.list({ prefix: keys.exemplars }), READ_AHEAD_ENTRIES)) {
    const number = Number(key[key.length - 1]);
    try {
      const { exemplars, baseSeq } = decodeExemplarChunk(value);
      head.exemplars.load(number, exemplars, baseSeq);
    } catch (error) {
      if (!(error instanceof CorruptDataError)) throw error;
      head.exemplars.load(number, [], 0);
      log.error("Exemplars cannot be read and are left out", { chunk: number, error: error.message });
    }
  }
}

/** A rejected commit may have been kept: the counter is read again, and one number more is no harm. */
async function retried<T>(ports: OpenPorts, open: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (error instanceof LeaseLostError || error instanceof CorruptDataError) throw error;
      const reason = messageOf(error);
      if (attempt === OPEN_ATTEMPTS_MAX) {
        const message = `Cannot open the storage shard: the store failed ${attempt} times, last: ${reason}`;
        throw new Error(message, { cause: error });
      }
      ports.log.warn("Cannot open the storage shard, trying again", { attempt, error: reason });
      const pause = Math.min(OPEN_PAUSE_MS_MAX, OPEN_PAUSE_MS_MIN * 2 ** (attempt - 1));
      if (ports.clock !== undefined) await pauseMs(ports.clock, pause);
    }
  }
}

async function countBootOnce(
  { kv, keys, checks }: OpenPorts,
): Promise<{ readonly boot: number; readonly versionstamp: string }> {
  const entry = await kv.get(keys.boots);
  const boot = (entry === null ? 0 : decodeBoot(entry.value)) % BOOTS_MAX + 1;
  const kept = await kv.commit({ checks: checks(), sets: [{ key: keys.boots, value: encodeBoot(boot) }] });
  if (kept === null) {
    throw new LeaseLostError("Cannot open the storage shard: another process has taken it over");
  }
  return { boot, versionstamp: kept.versionstamp };
}

/** All manifests first, so that the tables are made in their final size; then the catalogue, cohort by cohort. */
class Opening {
  readonly #ports: OpenPorts;
  readonly #head: Head;
  readonly #pace: Pace | undefined;
  readonly #manifests = new Map<number, Manifest>();

  constructor(ports: OpenPorts, head: Head) {
    this.#ports = ports;
    this.#head = head;
    this.#pace = ports.clock === undefined ? undefined : new Pace(ports.clock);
  }

  async load(): Promise<void> {
    const { keys } = this.#ports;
    const cohortAt = keys.manifests.length;
    const catalogue = keys.labels(0).slice(0, -1);
    for await (const { cohort, entries } of this.#cohorts(keys.manifests, cohortAt)) {
      this.#guard(cohort, () => this.#takeManifest(cohort, entries, cohortAt + 1));
    }
    let columns = 0;
    for (const manifest of this.#manifests.values()) columns += manifest.lastMs.length;
    this.#head.series.reserve(columns);
    for await (const { cohort, entries } of this.#cohorts(catalogue, catalogue.length)) {
      const manifest = this.#manifests.get(cohort);
      // Without: written by a run that never came to its manifest, or left out already.
      if (manifest === undefined) continue;
      this.#manifests.delete(cohort);
      this.#guard(cohort, () => this.#adopt(manifest, this.#chunksOf(manifest, entries)), manifest);
    }
    for (const manifest of this.#manifests.values()) {
      this.#guard(manifest.cohort, () => this.#adopt(manifest, this.#chunksOf(manifest, [])), manifest);
    }
  }

  /** Entries under a prefix by the cohort in their keys, one cohort after the other. */
  async *#cohorts(
    prefix: KvKey,
    cohortAt: number,
  ): AsyncGenerator<{ readonly cohort: number; readonly entries: readonly KvEntry[] }> {
    let cohort = -1;
    let entries: KvEntry[] = [];
    for await (const entry of readAhead(this.#ports.kv.list({ prefix }), READ_AHEAD_ENTRIES)) {
      const next = Number(entry.key[cohortAt]);
      if (next !== cohort && entries.length > 0) {
        yield { cohort, entries };
        entries = [];
        if (this.#pace?.due === true) await this.#pace.pause();
      }
      cohort = next;
      entries.push(entry);
    }
    if (entries.length > 0) yield { cohort, entries };
  }

  #guard(cohort: number, load: () => void, manifest?: Manifest): void {
    try {
      load();
    } catch (error) {
      if (!(error instanceof CorruptDataError)) throw error;
      this.#head.lose(cohort);
      this.#ports.log.error("A source's samples so far cannot be read and are left out", {
        cohort,
        name: manifest?.name,
        series: manifest?.lastMs.length,
        pages: manifest?.pages.length,
        error: error.message,
      });
    }
  }

  #takeManifest(cohort: number, entries: readonly KvEntry[], keyLength: number): void {
    const bytes = manifestOf(entries, keyLength);
    if (bytes === undefined) return;
    const manifest = decodeManifest(bytes);
    if (manifest.cohort !== cohort) {
      throw new CorruptDataError(`The manifest of cohort ${cohort} is that of cohort ${manifest.cohort}`);
    }
    this.#manifests.set(cohort, manifest);
  }

  /** Decodes the whole catalogue of a cohort, so that a damaged one leaves no trace in the head. */
  #chunksOf(manifest: Manifest, entries: readonly KvEntry[]): readonly CatalogueChunk[] {
    const { cohort } = manifest;
    const width = manifest.lastMs.length;
    const chunks: CatalogueChunk[] = [];
    let columns = 0;
    for (let i = 0; i < entries.length && columns < width; i++) {
      const firstColumn = Number(entries[i]!.key[entries[i]!.key.length - 1]);
      // Chunks whose columns no manifest counted lie behind; a chunk written by a failed run may reach into the next.
      const next = Number(entries[i + 1]?.key.at(-1) ?? width);
      if (firstColumn !== columns) {
        throw new CorruptDataError(`The catalogue of cohort ${cohort} lacks columns from ${columns} on`);
      }
      const packed = decodeChunk(entries[i]!.value, this.#head.texts);
      const count = Math.min(packed.count, next - firstColumn, width - firstColumn);
      chunks.push({ packed, count });
      columns += count;
    }
    if (columns < width) {
      throw new CorruptDataError(
        `The catalogue of cohort ${cohort} has ${columns} columns, expected ${width}`,
      );
    }
    return chunks;
  }

  #adopt(manifest: Manifest, chunks: readonly CatalogueChunk[]): void {
    const head = this.#head;
    const cohort = new Cohort(manifest.cohort, manifest.name);
    head.adopt(cohort);
    cohort.takeColumns(manifest.lastMs, manifest.lastValues);
    for (const { packed, count } of chunks) {
      head.pairs = new PackedPairs(head.series.index, packed, head.pairs);
      let series = head.series.addPacked(cohort.id, cohort.width, count, head.pairs);
      for (let set = 0; set < count; set++) {
        const gone = packed.endOf(set) === packed.startOf(set);
        cohort.placeColumn(gone ? REMOVED_SERIES : series++);
      }
    }
    for (const lastMs of manifest.lastMs) if (lastMs > cohort.maxMs) cohort.maxMs = lastMs;
    cohort.minMs = manifest.minMs;
    for (const row of manifest.rows) cohort.rows.push({ tMs: row.tMs, values: row.values });
    cohort.strayColumns = manifest.strayColumns;
    cohort.strayMs = manifest.strayMs;
    cohort.strayValues = manifest.strayValues;
    cohort.straysCount = manifest.strayMs.length;
    if (manifest.histograms !== undefined) takeHistograms(cohort, [...manifest.histograms]);
    cohort.sealedMaxMs = manifest.sealedMaxMs;
    cohort.lateSeen = manifest.lateSeen;
    cohort.released = manifest.released;
    cohort.baseSeq = manifest.baseSeq;
    cohort.lastSeq = manifest.baseSeq;
    cohort.nextPage = manifest.nextPage;
    cohort.pages.push(...manifest.pages);
    cohort.garbage = manifest.garbage.map((page) => ({ page, sinceMs: 0 }));
    cohort.cataloguedColumns = manifest.lastMs.length;
    cohort.lastChunkColumn = manifest.lastChunkColumn;
    if (manifest.pages.some((page) => page.kind === "rows")) cohort.sealed();
    head.maxMs = Math.max(head.maxMs, cohort.maxMs);
    head.markDue(cohort);
  }
}

/** The first `count` sets of `packed`. */
interface CatalogueChunk {
  readonly packed: PackedLabels;
  readonly count: number;
}
