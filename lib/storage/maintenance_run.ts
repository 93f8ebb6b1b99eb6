/**
 * Carries a maintenance plan out: encodes pages, catalogue chunks and manifests and commits them. A cohort's
 * manifest is written after everything it refers to, so whatever an interrupted run leaves behind is invisible;
 * deletions come after the manifest that no longer refers to what they delete. Commits stay below the KV's limits.
 */
import { assert, AssertionError } from "../core/assert.ts";
import { KV_COMMIT_BYTES_MAX } from "../core/limits.ts";
import type { Kv, KvCommit, KvEntry, KvKey, Log } from "../core/ports.ts";
import { messageOf } from "../core/errors.ts";
import { wordsOf } from "../model/stale.ts";
import { PAGE_BYTES_MAX } from "./codecs/page.ts";
import { CHUNK_SERIES_MAX, encodeChunk } from "./codecs/labels_chunk.ts";
import { PAGE_ROWS_MAX } from "./codecs/column.ts";
import { decodeManifest, encodeManifest } from "./codecs/manifest.ts";
import { ByteWriter } from "./codecs/bytes.ts";
import { gatherColumn } from "./cohort.ts";
import { encodeExemplarChunk } from "./codecs/exemplars.ts";
import { CorruptDataError, LeaseLostError } from "./errors.ts";
import { type ExemplarChunk, EXEMPLARS_CHUNK, type ExemplarsDone, type ExemplarsPlan } from "./exemplars.ts";
import { type MergedRows, mergedRows } from "./compaction.ts";
import { renewFence } from "./fence.ts";
import { foldStrays } from "./fold_strays.ts";
import type { StorageKeys } from "./keys.ts";
import { rewrittenRows, rewrittenStrays } from "./retention/rewrite.ts";
import type { CohortDone, CohortPlan, MaintenanceDone, MaintenancePlan } from "./maintenance.ts";
import { manifestOf, manifestValues } from "./manifest_store.ts";
import { type NewPage, rowsPages, SPAN_ROWS_MAX, straysPages } from "./new_pages.ts";
import { rowsThatFit } from "./span_rows.ts";
import type { PageRef } from "./view.ts";

/** Room for the manifest and the lease's check beside the pages of a commit. */
const COMMIT_BYTES_MAX = KV_COMMIT_BYTES_MAX - PAGE_BYTES_MAX;
const COMMIT_MUTATIONS_MAX = 500;

export interface MaintenancePorts {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  readonly log: Log;
  /** The lease: this process is still the one that may write. Stands in every commit, with the plan's fence. */
  readonly checks: () => NonNullable<KvCommit["checks"]>;
  /** After each page, which takes some milliseconds to encode. Default: no pauses. */
  readonly yieldToLoop?: (() => Promise<void>) | undefined;
}

export async function runMaintenance(
  plan: MaintenancePlan,
  ports: MaintenancePorts,
  signal: AbortSignal,
): Promise<MaintenanceDone> {
  // After a run in doubt: what of it is still on its way must not arrive after what this one writes.
  const fence = plan.fenceInDoubt ? await renewFence(ports, plan.fence, plan.boot) : plan.fence;
  const commits = new Commits({ ...ports, checks: () => [...ports.checks(), fence] });
  const cohorts: CohortDone[] = [];
  for (const part of plan.cohorts) {
    signal.throwIfAborted();
    cohorts.push(
      part.forget ? await forgetCohort(part, ports, commits) : await writeCohort(part, ports, commits),
    );
  }
  const exemplars = plan.exemplars === undefined
    ? undefined
    : await writeExemplars(plan.exemplars, ports.keys, commits);
  const through = new ByteWriter(8);
  through.varint(plan.truncateThrough);
  await commits.set(ports.keys.truncatedThrough, through.take());
  await commits.flush();
  return { cohorts, exemplars, truncatedThrough: plan.truncateThrough, more: plan.more, fence };
}

/** Chunks first, so that a run that breaks off leaves too many rather than too few. */
async function writeExemplars(
  plan: ExemplarsPlan,
  keys: StorageKeys,
  commits: Commits,
): Promise<ExemplarsDone> {
  const chunks: ExemplarChunk[] = [];
  let size = EXEMPLARS_CHUNK;
  for (let at = 0; at < plan.entries.length;) {
    const part = plan.entries.slice(at, at + size);
    const bytes = encodeExemplarChunk(part, plan.seq);
    if (bytes === undefined) {
      assert(part.length > 1, "one exemplar fits a chunk");
      size = Math.ceil(part.length / 2);
      continue;
    }
    const number = plan.firstChunk + chunks.length;
    await commits.set(keys.exemplarChunk(number), bytes);
    chunks.push({ number, count: part.length });
    at += part.length;
  }
  await commits.flush();
  for (const number of plan.dropped) await commits.delete(keys.exemplarChunk(number));
  return { chunks, count: plan.entries.length, seq: plan.seq, dropped: plan.dropped };
}

/** Collects writes in order and commits them in groups. */
export class Commits {
  readonly #ports: Pick<MaintenancePorts, "kv" | "checks">;
  #sets: { readonly key: KvKey; readonly value: Uint8Array }[] = [];
  #deletes: KvKey[] = [];
  #bytes = 0;

  constructor(ports: Pick<MaintenancePorts, "kv" | "checks">) {
    this.#ports = ports;
  }

  async set(key: KvKey, value: Uint8Array): Promise<void> {
    // A key may be written once a commit: the order of writes within one is not promised.
    if (this.#bytes + value.length > COMMIT_BYTES_MAX || this.#full) await this.flush();
    this.#sets.push({ key, value });
    this.#bytes += value.length;
  }

  async delete(key: KvKey): Promise<void> {
    if (this.#full) await this.flush();
    this.#deletes.push(key);
  }

  get #full(): boolean {
    return this.#sets.length + this.#deletes.length >= COMMIT_MUTATIONS_MAX;
  }

  async flush(): Promise<void> {
    if (this.#sets.length + this.#deletes.length === 0) return;
    const commit = { checks: this.#ports.checks(), sets: this.#sets, deletes: this.#deletes };
    this.#sets = [];
    this.#deletes = [];
    this.#bytes = 0;
    if (await this.#ports.kv.commit(commit) === null) {
      throw new LeaseLostError("Cannot write to the store: another process has taken it over");
    }
  }
}

async function forgetCohort(
  plan: CohortPlan,
  { kv, keys }: MaintenancePorts,
  commits: Commits,
): Promise<CohortDone> {
  // The manifest goes first and by itself: without it the rest is invisible.
  await commits.flush();
  await commits.delete(keys.manifest(plan.cohort));
  await commits.flush();
  const dropped = plan.pages.map((page) => page.page);
  const garbageDropped = plan.garbageDropped.map((garbage) => garbage.page);
  for (const page of [...dropped, ...garbageDropped]) await commits.delete(keys.page(plan.cohort, page));
  for await (const entry of kv.list({ prefix: keys.labels(plan.cohort) })) await commits.delete(entry.key);
  for await (const entry of kv.list({ prefix: keys.manifest(plan.cohort) })) await commits.delete(entry.key);
  // The number may be given out again by a later opening.
  for await (const entry of kv.list({ prefix: keys.cohortDeletions(plan.cohort) })) {
    await commits.delete(entry.key);
  }
  return {
    ...{
      cohort: plan.cohort,
      seq: plan.seq,
      rows: 0,
      strays: 0,
      added: [],
      replaced: [],
      dropped,
      droppedBySize: plan.expiredBySize,
      rewritten: 0,
      garbageDropped,
    },
    ...{ nextPage: plan.firstPage, catalogued: 0, lastChunkColumn: 0, forgotten: true },
  };
}

async function writeCohort(plan: CohortPlan, ports: MaintenancePorts, commits: Commits): Promise<CohortDone> {
  const { keys } = ports;
  const orphans = plan.uncertain ? await orphansOf(plan, ports) : { nextPage: 0, pages: [] };
  let nextPage = Math.max(plan.firstPage, orphans.nextPage);
  const added: PageRef[] = [];
  const keep = async (page: Omit<PageRef, "page" | "bytes">, bytes: Uint8Array) => {
    added.push({ ...page, page: nextPage, bytes: bytes.length });
    await commits.set(keys.page(plan.cohort, nextPage++), bytes);
    await ports.yieldToLoop?.();
  };
  const lastChunkColumn = await writeLabels(plan, ports, commits);
  const width = plan.lastMs.length;
  const { histograms } = plan;
  for (let at = 0; at < plan.sealRows.length;) {
    const rows = plan.sealRows.slice(at, at + SPAN_ROWS_MAX);
    const rowWords = rows.map((row) => wordsOf(row.values));
    const cells = new Uint32Array(2 * rows.length);
    const columnsCount = rows.reduce((widest, row) => Math.max(widest, row.values.length), 0);
    const column = (index: number) => {
      gatherColumn(cells, rows, rowWords, index);
      return cells;
    };
    rows.length = rowsThatFit(rows.length, columnsCount, column, histograms);
    at += rows.length;
    const tMs = Float64Array.from(rows, (row) => row.tMs);
    for (const page of rowsPages(plan.cohort, { tMs, columnsCount, columnWords: column, histograms })) {
      await keep({ ...page.ref, level: 0 }, page.bytes);
    }
  }
  for (const page of straysPages(plan.cohort, { ...plan.sealStrays, histograms })) {
    await keep({ ...page.ref, level: 0 }, page.bytes);
  }
  const rewritten = await rewrite(plan, ports, keep, added);
  const replaced = [
    ...await compact(plan, ports, keep, added),
    ...await foldStrays({ ...plan, width }, ports, keep, added),
    ...rewritten,
  ];
  const dropped = plan.expired.map((page) => page.page);
  const garbageDropped = [...plan.garbageDropped.map((garbage) => garbage.page), ...orphans.pages];
  const gone = new Set([...replaced, ...dropped]);
  const addedPages = new Set(added.map((page) => page.page));
  const manifest = encodeManifest({
    ...{ cohort: plan.cohort, name: plan.name, baseSeq: plan.seq, nextPage, sealedMaxMs: plan.sealedMaxMs },
    ...{ minMs: plan.minMs, lastChunkColumn, lateSeen: plan.lateSeen, released: plan.released },
    ...{ lastMs: plan.lastMs, lastValues: plan.lastValues, rows: plan.restRows, histograms },
    strayColumns: plan.restStrays.columns,
    strayMs: plan.restStrays.tMs,
    strayValues: plan.restStrays.values,
    pages: [...plan.pages.filter((page) => !gone.has(page.page)), ...added]
      .sort((a, b) => a.startMs - b.startMs || a.firstColumn - b.firstColumn),
    garbage: [
      ...plan.garbageKept.map((garbage) => garbage.page),
      ...garbageDropped,
      ...replaced.filter((page) => !addedPages.has(page)),
      ...dropped,
    ],
  });
  await manifestValues(manifest, plan.cohort, plan.seq, keys, {
    set: (key, value) => commits.set(key, value),
    delete: (key) => commits.delete(key),
    flush: () => commits.flush(),
    list: (prefix) => ports.kv.list({ prefix }),
  });
  for (const page of [...dropped, ...garbageDropped]) await commits.delete(keys.page(plan.cohort, page));
  return {
    ...{ cohort: plan.cohort, seq: plan.seq, rows: plan.sealRows.length, strays: plan.sealStrays.tMs.length },
    ...{
      added,
      replaced,
      dropped,
      droppedBySize: plan.expiredBySize,
      rewritten: rewritten.length,
      garbageDropped,
      nextPage,
      catalogued: width,
      lastChunkColumn,
      forgotten: false,
    },
  };
}

/** Pages of a manifest that was kept although its commit seemed to fail: never overwritten, deleted afterwards. */
async function orphansOf(
  plan: CohortPlan,
  { kv, keys }: MaintenancePorts,
): Promise<{ readonly nextPage: number; readonly pages: readonly number[] }> {
  const key = keys.manifest(plan.cohort);
  const entries: KvEntry[] = [];
  const head = await kv.get(key);
  if (head !== null) entries.push(head);
  for await (const entry of kv.list({ prefix: key })) entries.push(entry);
  const bytes = manifestOf(entries, key.length);
  if (bytes === undefined) return { nextPage: 0, pages: [] };
  const manifest = decodeManifest(bytes);
  const known = new Set(plan.pages.map((page) => page.page));
  const pages = manifest.pages.map((page) => page.page).filter((page) => !known.has(page));
  return { nextPage: manifest.nextPage, pages };
}

/** Rewrites the last chunk with the new columns, and begins others as it fills. Returns the last chunk's column. */
export async function writeLabels(
  plan: Pick<CohortPlan, "cohort" | "labels" | "labelsFrom">,
  { keys }: Pick<MaintenancePorts, "keys">,
  commits: Commits,
): Promise<number> {
  let at = 0;
  let lastChunkColumn = plan.labelsFrom;
  let count = CHUNK_SERIES_MAX;
  while (at < plan.labels.length) {
    const sets = plan.labels.slice(at, at + count);
    const bytes = encodeChunk(sets);
    if (bytes === undefined) {
      assert(count > 1, "one label set fits a chunk");
      count = Math.ceil(Math.min(count, sets.length) / 2);
      continue;
    }
    lastChunkColumn = plan.labelsFrom + at;
    await commits.set(keys.labelsChunk(plan.cohort, lastChunkColumn), bytes);
    at += sets.length;
  }
  return lastChunkColumn;
}

/** Numbers of the pages that were merged. Damaged ones stay as they are and are not tried again. */
async function compact(
  plan: CohortPlan,
  ports: MaintenancePorts,
  keep: Keep,
  added: PageRef[],
): Promise<Numbers> {
  const [first] = plan.compact;
  if (first === undefined) return [];
  const level = first.level + 1;
  const mark = first.mark === undefined ? {} : { mark: first.mark };
  const merged = await madeOf("Cannot merge pages", plan, ports, async () => {
    const merged = await mergedRows(plan.cohort, plan.compact, ports);
    return await paced(spansPages(plan.cohort, merged, PAGE_ROWS_MAX), ports);
  });
  if (merged === undefined) { for (const page of plan.compact) added.push({ ...page, level }); }
  for (const page of merged ?? []) await keep({ ...page.ref, level, ...mark }, page.bytes);
  return plan.compact.map((page) => page.page);
}

/** Numbers of the pages that were written anew, without what retention no longer wants of them. */
async function rewrite(
  plan: CohortPlan,
  ports: MaintenancePorts,
  keep: Keep,
  added: PageRef[],
): Promise<Numbers> {
  if (plan.rewrite === undefined) return [];
  const { pages, mark } = plan.rewrite;
  const level = Math.max(1, ...pages.map((page) => page.level));
  const made = await madeOf("Cannot write pages anew for retention", plan, ports, async () => {
    if (pages[0]!.kind === "strays") {
      const strays = await rewrittenStrays(plan.cohort, plan.rewrite!, ports);
      return await paced(straysPages(plan.cohort, strays), ports);
    }
    const rows = await rewrittenRows(plan.cohort, plan.rewrite!, ports);
    return rows && await paced(spansPages(plan.cohort, rows, SPAN_ROWS_MAX), ports);
  });
  if (made === undefined) { for (const page of pages) added.push({ ...page, mark }); }
  for (const page of made ?? []) await keep({ ...page.ref, level, mark }, page.bytes);
  return pages.map((page) => page.page);
}

/** Divides rows into spans, and their columns into pages. */
function* spansPages(
  cohort: number,
  merged: MergedRows & { readonly firstColumn?: number },
  rowsMax: number,
): Iterable<NewPage> {
  const { columns, columnsCount, histograms, firstColumn = 0 } = merged;
  for (let at = 0; at < merged.tMs.length;) {
    const columnWords = (column: number) => wordsOf(columns[column]!.subarray(at));
    const left = Math.min(rowsMax, merged.tMs.length - at);
    const rows = rowsThatFit(left, columnsCount, columnWords, histograms);
    const tMs = merged.tMs.slice(at, at + rows);
    yield* rowsPages(cohort, { tMs, firstColumn, columnsCount, columnWords, histograms });
    at += rows;
  }
}

type Keep = (page: Omit<PageRef, "page" | "bytes">, bytes: Uint8Array) => Promise<void>;
type Numbers = readonly number[];

/** Undefined where the pages stay as they are. A store that fails is no matter of the pages: the run fails. */
async function madeOf(
  what: string,
  plan: CohortPlan,
  { log }: MaintenancePorts,
  make: () => Promise<readonly NewPage[] | undefined>,
): Promise<readonly NewPage[] | undefined> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof CorruptDataError || error instanceof AssertionError)) throw error;
    log.warn(what, { cohort: plan.name, error: messageOf(error) });
    return undefined;
  }
}

async function paced(
  pages: Iterable<NewPage>,
  { yieldToLoop }: MaintenancePorts,
): Promise<readonly NewPage[]> {
  const made: NewPage[] = [];
  for (const page of pages) {
    made.push(page);
    await yieldToLoop?.();
  }
  return made;
}
