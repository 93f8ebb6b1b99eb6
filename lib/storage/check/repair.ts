/**
 * Mends what a check found. Nothing is lost on the way: what is taken out of use is first copied under the key
 * `q` of the shard. Only for who has the store for himself; each deed is told, with what it costs.
 */
import { CorruptRecordError, JournalGapError } from "../../actor/journal_errors.ts";
import { KvJournal } from "../../actor/kv_journal.ts";
import { StreamCatalogue } from "../../actor/kv_streams.ts";
import { groupsRange, RECORD_SPACE } from "../../actor/kv_keys.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable, putHistogram } from "../../model/histogram_cell.ts";
import { ABSENT_HIGH, ABSENT_LOW, wordsOf } from "../../model/stale.ts";
import { ByteReader } from "../codecs/bytes.ts";
import { decodeExemplarChunk, encodeExemplarChunk } from "../codecs/exemplars.ts";
import { CHUNK_SERIES_MAX, decodeChunk, encodeChunk } from "../codecs/labels_chunk.ts";
import { decodeManifest, encodeManifest, type Manifest } from "../codecs/manifest.ts";
import { decodePageColumn, decodeStrays, type OpenPage } from "../codecs/page.ts";
import type { KvEntry, KvKey } from "../../core/ports.ts";
import { assert, assertNever } from "../../core/assert.ts";
import { CorruptDataError } from "../errors.ts";
import { SHARD_ACTOR } from "../keys.ts";
import { Commits } from "../maintenance_run.ts";
import { manifestOf, manifestValues } from "../manifest_store.ts";
import type { PageRef } from "../view.ts";
import { entryOf, verifyPage } from "./check_page.ts";
import type { CheckPorts } from "./check_store.ts";
import { type Finding, keyText, type Mend } from "./findings.ts";

/** Of manifests that a repair wrote in parts: no run of a server counts so far. */
const REPAIR_GENERATION = 2 ** 45;
/** Where what was put aside begins. */
const ASIDE = "q";

export async function repairStore(
  findings: readonly Finding[],
  ports: CheckPorts,
  told: (deed: string) => void,
): Promise<void> {
  const repair = new Repair(ports, told);
  const mends = findings.map(({ mend }) => mend).filter((mend) => mend !== undefined);
  for (const mend of mends) {
    if (mend.kind !== "cutJournal" && mend.kind !== "limitManifests") await repair.mend(mend);
  }
  await repair.writeManifests();
  // Last: manifests must not be ahead of the journal's end.
  const cut = mends.find((mend) => mend.kind === "cutJournal");
  const limit = mends.find((mend) => mend.kind === "limitManifests");
  if (cut !== undefined) await repair.cutJournal(cut.seq);
  else if (limit !== undefined) await repair.limitManifests(limit.endSeq);
  await repair.flush();
}

class Repair {
  readonly #ports: CheckPorts;
  readonly #told: (deed: string) => void;
  readonly #commits: Commits;
  /** Manifests with changes that are not written yet. */
  readonly #changed = new Map<number, Manifest>();

  constructor(ports: CheckPorts, told: (deed: string) => void) {
    this.#ports = ports;
    this.#told = told;
    this.#commits = new Commits({ kv: ports.kv, checks: () => [] });
  }

  flush(): Promise<void> {
    return this.#commits.flush();
  }

  async mend(mend: Exclude<Mend, { readonly kind: "cutJournal" | "limitManifests" }>): Promise<void> {
    const { keys } = this.#ports;
    switch (mend.kind) {
      case "setAside":
        return await this.#setAside(mend.key);
      case "dropPage": {
        await this.#setAside(keys.page(mend.cohort, mend.page));
        const manifest = await this.#manifest(mend.cohort);
        const pages = manifest.pages.filter((ref) => ref.page !== mend.page);
        this.#changed.set(mend.cohort, { ...manifest, pages });
        return this.#told(`took page ${mend.page} out of the directory of cohort ${mend.cohort}`);
      }
      case "correctEntry": {
        const manifest = await this.#manifest(mend.cohort);
        const pages = manifest.pages.map((ref) => ref.page === mend.ref.page ? mend.ref : ref).sort(byTime);
        this.#changed.set(mend.cohort, { ...manifest, pages });
        return this.#told(
          `set the entry of page ${mend.ref.page} of cohort ${mend.cohort} right by the page`,
        );
      }
      case "rebuildManifest":
        return await this.#rebuild(mend.cohort);
      case "emptyChunk":
        return await this.#emptyChunk(mend.cohort, mend.firstColumn, mend.columnsCount);
      default:
        assertNever(mend);
    }
  }

  /** Under `q` and the rest of its key. */
  async #setAside(key: KvKey): Promise<void> {
    const { kv, keys } = this.#ports;
    const entry = await kv.get(key);
    if (entry === null) return;
    const shard = keys.manifests.slice(0, -1);
    const inShard = shard.every((part, i) => key[i] === part);
    const aside = [...shard, ASIDE, ...inShard ? key.slice(shard.length) : key];
    await this.#commits.set(aside, entry.value);
    await this.#commits.delete(key);
    await this.#commits.flush();
    this.#told(`put ${keyText(key)} aside as ${keyText(aside)}`);
  }

  async #entries(prefix: KvKey): Promise<KvEntry[]> {
    const { kv } = this.#ports;
    const entries: KvEntry[] = [];
    const own = await kv.get(prefix);
    if (own !== null) entries.push(own);
    for await (const entry of kv.list({ prefix })) entries.push(entry);
    return entries;
  }

  async #manifest(cohort: number): Promise<Manifest> {
    const changed = this.#changed.get(cohort);
    if (changed !== undefined) return changed;
    const key = this.#ports.keys.manifest(cohort);
    const bytes = manifestOf(await this.#entries(key), key.length);
    assert(bytes !== undefined, `the manifest of cohort ${cohort} was there when it was checked`);
    return decodeManifest(bytes);
  }

  async writeManifests(): Promise<void> {
    for (const manifest of this.#changed.values()) await this.#write(manifest);
    this.#changed.clear();
    await this.#commits.flush();
  }

  async #write(manifest: Manifest): Promise<void> {
    const { kv, keys } = this.#ports;
    await manifestValues(encodeManifest(manifest), manifest.cohort, REPAIR_GENERATION, keys, {
      set: (key, value) => this.#commits.set(key, value),
      delete: (key) => this.#commits.delete(key),
      flush: () => this.#commits.flush(),
      list: (prefix) => kv.list({ prefix }),
    });
  }

  /** Columns without labels are as those of series that retention has removed. */
  async #emptyChunk(cohort: number, firstColumn: number, columnsCount: number): Promise<void> {
    const { keys } = this.#ports;
    await this.#setAside(keys.labelsChunk(cohort, firstColumn));
    for (let at = 0; at < columnsCount; at += CHUNK_SERIES_MAX) {
      const count = Math.min(CHUNK_SERIES_MAX, columnsCount - at);
      const bytes = encodeChunk(Array.from({ length: count }, () => []));
      assert(bytes !== undefined, "empty label sets fit a chunk");
      await this.#commits.set(keys.labelsChunk(cohort, firstColumn + at), bytes);
    }
    await this.#commits.flush();
    this.#told(
      `${columnsCount} series of cohort ${cohort} have lost their labels: their samples cannot be found`,
    );
  }

  async #rebuild(cohort: number): Promise<void> {
    const { kv, keys } = this.#ports;
    const width = await this.#columnsOf(cohort);
    if (width === undefined || width === 0) {
      this.#told(`cohort ${cohort} stays left out: its catalogue cannot be read either`);
      return;
    }
    const lastMs = new Float64Array(width).fill(-Infinity);
    const lastValues = new Float64Array(width);
    const newestHistograms = new Map<number, FloatHistogram>();
    const pages: PageRef[] = [];
    let nextPage = 1;
    for await (const { key, value } of kv.list({ prefix: [...keys.pages, cohort] })) {
      const number = Number(key.at(-1));
      nextPage = Math.max(nextPage, number + 1);
      try {
        const { page } = verifyPage(value, cohort);
        pages.push(entryOf(page, value.length, { page: number, level: 1 }));
        noteNewest(page, lastMs, lastValues, newestHistograms);
      } catch (error) {
        if (!(error instanceof CorruptDataError)) throw error;
        await this.#setAside(key);
      }
    }
    const histograms: FloatHistogram[] = [];
    const lastWords = wordsOf(lastValues);
    for (const [column, histogram] of newestHistograms) {
      putHistogram(lastWords, column, histograms, histogram);
    }
    const kept = withoutOverlaps(pages);
    const keptNumbers = new Set(kept.map((ref) => ref.page));
    const garbage = pages.map((ref) => ref.page).filter((page) => !keptNumbers.has(page));
    for (const { key } of await this.#entries(keys.manifest(cohort))) await this.#setAside(key);
    await this.#write({
      ...{
        cohort,
        name: `recovered/${cohort}`,
        nextPage,
        lastChunkColumn: 0,
        lateSeen: false,
        released: true,
      },
      // Records tell changes against a state that is lost: none of them can be folded any more.
      baseSeq: await this.#journalEnd(),
      sealedMaxMs: kept.reduce((max, ref) => Math.max(max, ref.endMs), -Infinity),
      minMs: kept.reduce((min, ref) => Math.min(min, ref.startMs), Infinity),
      ...{ lastMs, lastValues, rows: [], pages: [...kept], garbage },
      strayColumns: new Uint32Array(0),
      strayMs: new Float64Array(0),
      strayValues: new Float64Array(0),
      histograms: histograms.length === 0 ? undefined : histograms,
    });
    await this.#commits.flush();
    this.#told(
      `made the manifest of cohort ${cohort} anew from ${kept.length} pages and ${width} label sets; what was not ` +
        "in a page is lost: the window and the journal of this cohort",
    );
  }

  async #columnsOf(cohort: number): Promise<number | undefined> {
    let width = 0;
    try {
      for (const { key, value } of await this.#entries(this.#ports.keys.labels(cohort))) {
        const firstColumn = Number(key.at(-1));
        if (firstColumn > width) return undefined;
        width = firstColumn + decodeChunk(value).count;
      }
    } catch (error) {
      if (!(error instanceof CorruptDataError)) throw error;
      return undefined;
    }
    return width;
  }

  async #journalEnd(): Promise<number> {
    const { kv, keys } = this.#ports;
    const through = await kv.get(keys.truncatedThrough);
    let end = Math.max(1, through === null ? 0 : new ByteReader(through.value, "truncation point").varint());
    try {
      for await (const { seq } of new KvJournal({ kv }).read(SHARD_ACTOR, end > 1 ? end : 0)) {
        end = Math.max(end, seq);
      }
    } catch (error) {
      // It is cut there.
      if (!(error instanceof CorruptRecordError) && !(error instanceof JournalGapError)) throw error;
    }
    return end;
  }

  /** Groups are whole or gone: the one that holds the record goes, and all after it. */
  async cutJournal(seq: number): Promise<void> {
    const { kv } = this.#ports;
    const stream = await new StreamCatalogue(kv, []).find(SHARD_ACTOR);
    if (stream === null) return;
    let groupSeq = seq;
    const before = groupsRange(RECORD_SPACE, stream.stream, 0, seq + 1);
    for await (const { key } of kv.list(before, { reverse: true, limit: 1 })) groupSeq = Number(key[2]);
    for await (const { key } of kv.list(groupsRange(RECORD_SPACE, stream.stream, groupSeq))) {
      await this.#setAside(key);
    }
    const endSeq = Math.max(groupSeq - 1, stream.truncatedSeq);
    await this.limitManifests(endSeq);
    this.#told(`the journal ends at record ${endSeq} now: what came after it is lost`);
  }

  /** Numbers are given out again from there: a manifest must not claim to hold them. */
  async limitManifests(endSeq: number): Promise<void> {
    const { kv, keys } = this.#ports;
    for await (const { key } of kv.list({ prefix: keys.manifests })) {
      if (key.length !== keys.manifests.length + 1) continue;
      const cohort = Number(key.at(-1));
      const bytes = manifestOf(await this.#entries(keys.manifest(cohort)), key.length);
      if (bytes === undefined) continue;
      const manifest = decodeManifest(bytes);
      if (manifest.baseSeq > endSeq) await this.#write({ ...manifest, baseSeq: Math.max(endSeq, 1) });
    }
    for await (const { key, value } of kv.list({ prefix: keys.exemplars })) {
      try {
        const { exemplars, baseSeq } = decodeExemplarChunk(value);
        const bytes = baseSeq > endSeq ? encodeExemplarChunk(exemplars, endSeq) : undefined;
        if (bytes !== undefined) await this.#commits.set(key, bytes);
      } catch (error) {
        if (!(error instanceof CorruptDataError)) throw error;
        await this.#setAside(key);
      }
    }
  }
}

function byTime(a: PageRef, b: PageRef): number {
  return a.startMs - b.startMs || a.firstColumn - b.firstColumn;
}

/** Of pages that hold the same rows (merged ones and what they replaced), the larger. Strays do not exclude rows. */
function withoutOverlaps(pages: readonly PageRef[]): readonly PageRef[] {
  const spans: { readonly startMs: number; readonly endMs: number }[] = [];
  const kept = pages.filter((ref) => ref.kind === "strays");
  const rows = pages.filter((ref) => ref.kind === "rows");
  rows.sort((a, b) => (b.endMs - b.startMs) - (a.endMs - a.startMs) || a.page - b.page);
  for (const ref of rows) {
    const same = spans.some(({ startMs, endMs }) => startMs === ref.startMs && endMs === ref.endMs);
    const overlaps = spans.some(({ startMs, endMs }) => ref.startMs <= endMs && ref.endMs >= startMs);
    const covered = same && kept.some((other) =>
      other.kind === "rows" && other.startMs === ref.startMs &&
      other.firstColumn < ref.firstColumn + ref.columnsCount &&
      ref.firstColumn < other.firstColumn + other.columnsCount
    );
    if (overlaps && (!same || covered)) continue;
    spans.push(ref);
    kept.push(ref);
  }
  return kept.sort(byTime);
}

/** Newest values that are histograms go to `lastHistograms`, by their columns. */
function noteNewest(
  page: OpenPage,
  lastMs: Float64Array,
  lastValues: Float64Array,
  lastHistograms: Map<number, FloatHistogram>,
): void {
  if (page.kind === "strays") {
    const { columns, tMs, values, histograms } = decodeStrays(page);
    for (let i = 0; i < tMs.length; i++) take(columns[i]!, tMs[i]!, values, i, histograms);
    return;
  }
  const cells = new Float64Array(page.rowsCount);
  const words = wordsOf(cells);
  const input = new ByteReader(page.payload, "page");
  const table: FloatHistogram[] = [];
  for (let column = page.firstColumn; column < page.firstColumn + page.columnsCount; column++) {
    table.length = 0;
    decodePageColumn(page, column, input, cells, words, 0, table);
    for (let row = page.rowsCount - 1; row >= 0; row--) {
      if (words[2 * row + 1] === ABSENT_HIGH && words[2 * row] === ABSENT_LOW) continue;
      take(column, page.tMs[row]!, cells, row, table);
      break;
    }
  }
  function take(
    column: number,
    tMs: number,
    values: Float64Array,
    at: number,
    histograms: HistogramTable | undefined,
  ): void {
    if (column >= lastMs.length || tMs < lastMs[column]!) return;
    lastMs[column] = tMs;
    const histogram = histogramAt(wordsOf(values), at, histograms);
    if (histogram === undefined) lastHistograms.delete(column);
    else lastHistograms.set(column, histogram);
    lastValues.set(values.subarray(at, at + 1), column);
  }
}
