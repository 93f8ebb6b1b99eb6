/**
 * Takes deleted samples out of the pages for good, and then the deletions. A deletion stays while samples that it
 * hides are in a window: they are not in a page yet. The manifest comes after the new pages, the old ones stay for
 * queries that began before, as after a merge.
 */
import type { Kv, KvCommit, KvEntry } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { wordsOf } from "../model/stale.ts";
import { ByteReader } from "./codecs/bytes.ts";
import { decodeManifest, encodeManifest } from "./codecs/manifest.ts";
import { decodePageColumn, decodeStrays, type OpenPage, openPage } from "./codecs/page.ts";
import type { Cohort } from "./cohort.ts";
import type { Deletion } from "./deletions.ts";
import type { Head } from "./head.ts";
import { Hidden } from "./hidden.ts";
import type { StorageKeys } from "./keys.ts";
import { manifestOf, manifestValues } from "./manifest_store.ts";
import { Commits } from "./maintenance_run.ts";
import { rowsPages, straysPages } from "./new_pages.ts";
import type { PageRef } from "./view.ts";

/** Of manifests that are written here, in parts: runs of maintenance count their records, far below. */
const GENERATION_BASE = 2 ** 44;

interface CohortPart {
  readonly cohort: number;
  readonly nextPage: number;
  /** Those that hold a hidden sample, perhaps. */
  readonly pages: readonly PageRef[];
  /** All of what they hide is in pages. */
  readonly deletions: readonly Deletion[];
}

export interface CleanDone {
  readonly cohort: number;
  readonly removed: readonly number[];
  readonly added: readonly PageRef[];
  readonly nextPage: number;
  /** Numbers of the deletions that are done with. */
  readonly deletions: readonly number[];
}

/** A copy of what the head knows now: no maintenance may run until it is carried out and folded. */
export function planClean(head: Head): readonly CohortPart[] {
  const parts: CohortPart[] = [];
  for (const [number, all] of head.deletions) {
    const cohort = head.cohorts.get(number);
    // A run that failed may have left another manifest than this head knows: after the next one.
    if (cohort === undefined || cohort.uncertain) continue;
    const deletions = all.filter((deletion) => !reachesWindow(cohort, deletion));
    if (deletions.length === 0) continue;
    const pages = cohort.pages.filter((page) => deletions.some((deletion) => touches(deletion, page)));
    parts.push({ cohort: number, nextPage: cohort.nextPage, pages, deletions });
  }
  return parts;
}

function reachesWindow(cohort: Cohort, { startMs, endMs }: Deletion): boolean {
  if (cohort.rows.some((row) => row.tMs >= startMs && row.tMs <= endMs)) return true;
  for (let i = 0; i < cohort.straysCount; i++) {
    if (cohort.strayMs[i]! >= startMs && cohort.strayMs[i]! <= endMs) return true;
  }
  return false;
}

function touches({ startMs, endMs, columns }: Deletion, page: PageRef): boolean {
  if (page.endMs < startMs || page.startMs > endMs) return false;
  const end = page.firstColumn + page.columnsCount;
  return page.kind === "strays" || (columns[columns.length - 1]! >= page.firstColumn && columns[0]! < end);
}

export interface CleanPorts {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  readonly checks: () => NonNullable<KvCommit["checks"]>;
  readonly nowMs: EpochMs;
  readonly yieldToLoop?: (() => Promise<void>) | undefined;
}

export async function runClean(
  parts: readonly CohortPart[],
  ports: CleanPorts,
): Promise<readonly CleanDone[]> {
  const commits = new Commits(ports);
  const done: CleanDone[] = [];
  for (const part of parts) done.push(await cleanCohort(part, ports, commits));
  await commits.flush();
  return done;
}

async function cleanCohort(part: CohortPart, ports: CleanPorts, commits: Commits): Promise<CleanDone> {
  const { kv, keys, nowMs, yieldToLoop } = ports;
  const hidden = new Hidden(part.deletions.map(({ columns, ...interval }) => ({ ...interval, at: columns })));
  const added: PageRef[] = [];
  const removed: number[] = [];
  let { nextPage } = part;
  for (const ref of part.pages) {
    const entry = await kv.get(keys.page(part.cohort, ref.page));
    if (entry === null) continue;
    const page = openPage(entry.value);
    const pages = page.kind === "rows" ? rowsWithout(page, hidden) : straysWithout(page, hidden);
    if (pages === undefined) continue;
    removed.push(ref.page);
    for (const { ref: made, bytes } of pages) {
      added.push({ ...made, page: nextPage, bytes: bytes.length, level: ref.level });
      await commits.set(keys.page(part.cohort, nextPage++), bytes);
    }
    await yieldToLoop?.();
  }
  const deletions = part.deletions.map((deletion) => deletion.number);
  if (removed.length > 0) {
    const key = keys.manifest(part.cohort);
    const entries: KvEntry[] = [];
    const own = await kv.get(key);
    if (own !== null) entries.push(own);
    for await (const entry of kv.list({ prefix: key })) entries.push(entry);
    const bytes = manifestOf(entries, key.length);
    if (bytes !== undefined) {
      const manifest = decodeManifest(bytes);
      const gone = new Set(removed);
      const pages = [...manifest.pages.filter((ref) => !gone.has(ref.page)), ...added].sort(byTime);
      const changed = { ...manifest, pages, nextPage, garbage: [...manifest.garbage, ...removed] };
      await manifestValues(encodeManifest(changed), part.cohort, GENERATION_BASE + nowMs, keys, {
        set: (at, value) => commits.set(at, value),
        delete: (at) => commits.delete(at),
        flush: () => commits.flush(),
        list: (prefix) => kv.list({ prefix }),
      });
      await commits.flush();
    }
  }
  return { cohort: part.cohort, removed, added, nextPage, deletions };
}

/** After the fold: until then the head hides what the pages may still hold. Needless deletions hide nothing. */
export async function dropDeletions(
  done: readonly CleanDone[],
  ports: Pick<CleanPorts, "kv" | "keys" | "checks">,
): Promise<void> {
  const commits = new Commits(ports);
  for (const { cohort, deletions } of done) {
    for (const number of deletions) await commits.delete(ports.keys.deletion(cohort, number));
  }
  await commits.flush();
}

type MadePage = { readonly ref: Omit<PageRef, "page" | "bytes" | "level">; readonly bytes: Uint8Array };

/** Undefined when nothing in the page is hidden. A page without any sample left still holds the times of its rows. */
function rowsWithout(page: OpenPage, hidden: Hidden): readonly MadePage[] | undefined {
  const cells = new Float64Array(page.rowsCount);
  const words = wordsOf(cells);
  const input = new ByteReader(page.payload, "page");
  const histograms: FloatHistogram[] | undefined = page.hasHistograms ? [] : undefined;
  let found = false;
  const columnWords = (column: number) => {
    if (histograms !== undefined) histograms.length = 0; // only this column's are pointed at
    decodePageColumn(page, column, input, cells, words, 0, histograms);
    if (hidden.blank(column, page.tMs, words, histograms)) found = true;
    return words;
  };
  const { tMs, firstColumn } = page;
  const columnsCount = firstColumn + page.columnsCount;
  const pages = [...rowsPages(page.cohort, { tMs, firstColumn, columnsCount, columnWords, histograms })];
  return found ? pages : undefined;
}

function straysWithout(page: OpenPage, hidden: Hidden): readonly MadePage[] | undefined {
  const { columns, tMs, values, histograms } = decodeStrays(page);
  const keep = [...tMs.keys()].filter((i) => !hidden.hides(columns[i]!, tMs[i]!));
  if (keep.length === tMs.length) return undefined;
  const kept = new Float64Array(keep.length);
  keep.forEach((from, to) => kept.set(values.subarray(from, from + 1), to));
  const left = {
    columns: Uint32Array.from(keep, (i) => columns[i]!),
    tMs: Float64Array.from(keep, (i) => tMs[i]!),
    values: kept,
    histograms,
  };
  return [...straysPages(page.cohort, left)];
}

function byTime(a: PageRef, b: PageRef): number {
  return a.startMs - b.startMs || a.firstColumn - b.firstColumn;
}

/** In one step: pages leave and come, deletions go. */
export function completeClean(head: Head, done: readonly CleanDone[], nowMs: EpochMs): void {
  for (const part of done) {
    const cohort = head.cohorts.get(part.cohort);
    const gone = new Set(part.deletions);
    const left = (head.deletions.get(part.cohort) ?? []).filter((deletion) => !gone.has(deletion.number));
    if (left.length === 0) head.deletions.delete(part.cohort);
    else head.deletions.set(part.cohort, left);
    if (cohort === undefined || part.removed.length === 0) continue;
    const removed = new Set(part.removed);
    const pages = [...cohort.pages.filter((page) => !removed.has(page.page)), ...part.added].sort(byTime);
    cohort.pages.splice(0, cohort.pages.length, ...pages);
    cohort.garbage.push(...part.removed.map((page) => ({ page, sinceMs: nowMs })));
    cohort.nextPage = part.nextPage;
  }
}
