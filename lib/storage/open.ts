/**
 * Brings a head back from the store: manifests and catalogue, not pages. The journal is then replayed after
 * `afterSeq`. Counts the opening, so that references handed out before are told apart from those to come.
 */
import type { Kv, KvCommit, KvEntry } from "../core/ports.ts";
import { ByteReader, ByteWriter } from "./codecs/bytes.ts";
import { decodeChunk } from "./codecs/labels_chunk.ts";
import { decodeManifest, type Manifest } from "./codecs/manifest.ts";
import { Cohort, REMOVED_SERIES } from "./cohort.ts";
import { wordsOf } from "../model/stale.ts";
import type { Labels } from "../model/labels.ts";
import { CorruptDataError, LeaseLostError } from "./errors.ts";
import { Head, type HeadOptions } from "./head.ts";
import type { StorageKeys } from "./keys.ts";
import { manifestOf } from "./manifest_store.ts";

/** Epochs stay exact integers. */
const BOOTS_MAX = 2 ** 20;
/** A store that is away for longer is the supervisor's matter. */
const OPEN_ATTEMPTS_MAX = 5;

export interface OpenPorts {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  readonly checks: () => NonNullable<KvCommit["checks"]>;
}

export async function openHead(
  ports: OpenPorts,
  options: HeadOptions,
): Promise<{ readonly head: Head; readonly afterSeq: number }> {
  const { boot, versionstamp } = await countBoot(ports);
  const head = new Head(boot, options);
  head.fence = { key: ports.keys.boots, versionstamp };
  const manifests = await loadManifests(ports);
  const labels = await loadLabels(ports, manifests);
  for (const manifest of manifests.values()) adopt(head, manifest, labels.get(manifest.cohort) ?? []);
  const through = await ports.kv.get(ports.keys.truncatedThrough);
  const afterSeq = through === null ? 0 : new ByteReader(through.value, "truncation point").varint();
  head.truncatedThrough = afterSeq;
  head.nextSeq = afterSeq + 1;
  return { head, afterSeq };
}

/** A rejected commit may have been kept: the counter is read again, and one number more is no harm. */
async function countBoot(
  ports: OpenPorts,
): Promise<{ readonly boot: number; readonly versionstamp: string }> {
  for (let attempt = 1;; attempt++) {
    try {
      return await countBootOnce(ports);
    } catch (error) {
      if (error instanceof LeaseLostError || attempt === OPEN_ATTEMPTS_MAX) throw error;
    }
  }
}

async function countBootOnce(
  { kv, keys, checks }: OpenPorts,
): Promise<{ readonly boot: number; readonly versionstamp: string }> {
  const entry = await kv.get(keys.boots);
  const boots = entry === null ? 0 : new ByteReader(entry.value, "boot counter").varint();
  const boot = boots % BOOTS_MAX + 1;
  const out = new ByteWriter(8);
  out.varint(boot);
  const kept = await kv.commit({ checks: checks(), sets: [{ key: keys.boots, value: out.take() }] });
  if (kept === null) {
    throw new LeaseLostError("Cannot open the storage shard: another process has taken it over");
  }
  return { boot, versionstamp: kept.versionstamp };
}

async function loadManifests({ kv, keys }: OpenPorts): Promise<Map<number, Manifest>> {
  const keyLength = keys.manifests.length + 1;
  const manifests = new Map<number, Manifest>();
  let entries: KvEntry[] = [];
  const take = () => {
    if (entries.length === 0) return;
    const bytes = manifestOf(entries, keyLength);
    if (bytes !== undefined) {
      const manifest = decodeManifest(bytes);
      manifests.set(manifest.cohort, manifest);
    }
    entries = [];
  };
  for await (const entry of kv.list({ prefix: keys.manifests })) {
    if (entries.length > 0 && entries[0]!.key[keyLength - 1] !== entry.key[keyLength - 1]) take();
    entries.push(entry);
  }
  take();
  return manifests;
}

async function loadLabels(
  { kv, keys }: OpenPorts,
  manifests: ReadonlyMap<number, Manifest>,
): Promise<Map<number, Labels[]>> {
  const labels = new Map<number, Labels[]>();
  const prefix = keys.labels(0).slice(0, -1);
  for await (const { key, value } of kv.list({ prefix })) {
    const cohort = Number(key[key.length - 2]);
    const firstColumn = Number(key[key.length - 1]);
    const manifest = manifests.get(cohort);
    // Written by a run that never came to its manifest.
    if (manifest === undefined || firstColumn >= manifest.lastMs.length) continue;
    const sets = labels.get(cohort) ?? [];
    if (sets.length !== firstColumn) sets.length = Math.min(sets.length, firstColumn);
    if (sets.length !== firstColumn) {
      throw new CorruptDataError(
        `Cannot load the catalogue of cohort ${cohort}: columns from ${sets.length} are missing`,
      );
    }
    sets.push(...decodeChunk(value));
    labels.set(cohort, sets);
  }
  return labels;
}

function adopt(head: Head, manifest: Manifest, labels: readonly Labels[]): void {
  const width = manifest.lastMs.length;
  if (labels.length < width) {
    throw new CorruptDataError(
      `Cannot load the catalogue of cohort ${manifest.cohort}: expected ${width} columns, got ${labels.length}`,
    );
  }
  const cohort = new Cohort(manifest.cohort, manifest.name);
  head.adopt(cohort);
  cohort.reserveColumns(width);
  for (let column = 0; column < width; column++) {
    const gone = labels[column]!.length === 0;
    if (gone) cohort.hasRemoved = true;
    cohort.addColumn(gone ? REMOVED_SERIES : head.series.add(cohort.id, column, labels[column]!));
  }
  cohort.lastMs.set(manifest.lastMs);
  cohort.lastWords.set(wordsOf(manifest.lastValues));
  for (const lastMs of manifest.lastMs) if (lastMs > cohort.maxMs) cohort.maxMs = lastMs;
  cohort.minMs = manifest.minMs;
  for (const row of manifest.rows) cohort.rows.push({ tMs: row.tMs, values: row.values });
  cohort.strayColumns = manifest.strayColumns;
  cohort.strayMs = manifest.strayMs;
  cohort.strayValues = manifest.strayValues;
  cohort.straysCount = manifest.strayMs.length;
  cohort.sealedMaxMs = manifest.sealedMaxMs;
  cohort.lateSeen = manifest.lateSeen;
  cohort.released = manifest.released;
  cohort.baseSeq = manifest.baseSeq;
  cohort.lastSeq = manifest.baseSeq;
  cohort.nextPage = manifest.nextPage;
  cohort.pages.push(...manifest.pages);
  cohort.garbage = manifest.garbage.map((page) => ({ page, sinceMs: 0 }));
  cohort.cataloguedColumns = width;
  cohort.lastChunkColumn = manifest.lastChunkColumn;
  if (manifest.pages.some((page) => page.kind === "rows")) cohort.sealed();
  head.maxMs = Math.max(head.maxMs, cohort.maxMs);
  head.markDue(cohort);
}
