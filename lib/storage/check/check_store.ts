/**
 * Walks every key of a store that no server holds: manifests, catalogue, pages, and the journal up to its end. Changes
 * nothing; holds the manifests and one page in memory.
 */
import { CorruptRecordError, JournalGapError } from "../../actor/journal_errors.ts";
import { KvJournal } from "../../actor/kv_journal.ts";
import type { Kv, KvEntry, KvKey, Log } from "../../core/ports.ts";
import { ByteReader } from "../codecs/bytes.ts";
import { decodeExemplarChunk } from "../codecs/exemplars.ts";
import { decodeChunk } from "../codecs/labels_chunk.ts";
import { decodeManifest, type Manifest } from "../codecs/manifest.ts";
import { decodeDeletion } from "../deletions.ts";
import { CorruptDataError } from "../errors.ts";
import { HEAD_DEFAULTS } from "../head_options.ts";
import { SHARD_ACTOR, type StorageKeys } from "../keys.ts";
import { manifestOf } from "../manifest_store.ts";
import { readHead } from "../open.ts";
import type { PageRef } from "../view.ts";
import { disagreement, entryOf, verifyPage } from "./check_page.ts";
import { type CheckSummary, type Finding, keyText, type Mend } from "./findings.ts";

/** First parts of keys: journals, snapshots of actors, the lease, and the shard. */
const SPACES = ["j", "s", "l"];

export interface CheckPorts {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  readonly log: Log;
}

export interface CheckResult {
  readonly findings: readonly Finding[];
  readonly summary: CheckSummary;
}

export async function checkStore(ports: CheckPorts, found: (finding: Finding) => void): Promise<CheckResult> {
  const check = new StoreCheck(ports, found);
  await check.run();
  return { findings: check.findings, summary: check.summary };
}

class StoreCheck {
  readonly #ports: CheckPorts;
  readonly #found: (finding: Finding) => void;
  readonly findings: Finding[] = [];
  readonly summary: CheckSummary = {
    ...{ keys: 0, cohorts: 0, series: 0, pages: 0, pageBytes: 0, samples: 0, exemplars: 0, records: 0 },
  };
  readonly #manifests = new Map<number, Manifest>();
  readonly #unreadable = new Set<number>();
  /** Chunks of exemplars hold everything up to this record. */
  #exemplarsSeq = 0;

  constructor(ports: CheckPorts, found: (finding: Finding) => void) {
    this.#ports = ports;
    this.#found = found;
  }

  async run(): Promise<void> {
    await this.#spaces();
    await this.#manifestsAndDirectories();
    await this.#catalogue();
    await this.#pages();
    await this.#journal();
  }

  #tell(where: string, problem: string, mend?: Mend, harmless = false): void {
    const finding = { where, problem, harmless, mend };
    this.findings.push(finding);
    this.#found(finding);
  }

  /** Keys of nobody, and the shard's single values. */
  async #spaces(): Promise<void> {
    const { kv, keys } = this.#ports;
    const shard = keys.manifests.slice(0, -1);
    const known = new Set(["b", "t", "m", "l", "e", "p", "i", "d", "q", "x"]);
    for await (const { key } of kv.list({ prefix: [] })) {
      this.summary.keys++;
      const inShard = shard.every((part, i) => key[i] === part);
      const isKnown = inShard ? known.has(String(key[shard.length])) : SPACES.includes(String(key[0]));
      if (!isKnown) this.#tell(keyText(key), "nobody names this key", { kind: "setAside", key });
    }
    for (const key of [keys.boots, keys.truncatedThrough]) {
      const entry = await kv.get(key);
      if (entry === null) continue;
      try {
        new ByteReader(entry.value, "counter").varint();
      } catch (error) {
        this.#tell(keyText(key), wordsOf(error));
      }
    }
    for await (const { key, value } of kv.list({ prefix: keys.exemplars })) {
      try {
        const { exemplars, baseSeq } = decodeExemplarChunk(value);
        this.summary.exemplars += exemplars.length;
        this.#exemplarsSeq = Math.max(this.#exemplarsSeq, baseSeq);
      } catch (error) {
        this.#tell(keyText(key), wordsOf(error), { kind: "setAside", key });
      }
    }
    for await (const { key, value } of kv.list({ prefix: keys.deletions })) {
      try {
        decodeDeletion(Number(key.at(-2)), Number(key.at(-1)), value);
      } catch (error) {
        this.#tell(keyText(key), wordsOf(error), { kind: "setAside", key });
      }
    }
    if (await kv.get(keys.importEnded) !== null) {
      this.#tell(
        keyText(keys.importEnded),
        "an import has ended: the next start makes it visible",
        undefined,
        true,
      );
    } else {
      let left = 0;
      for await (const _ of kv.list({ prefix: keys.imported })) left++;
      if (left > 0) {
        const problem = `${left} manifests of an import without an end: the next import deletes them`;
        this.#tell(keyText(keys.imported), problem, undefined, true);
      }
    }
  }

  async #manifestsAndDirectories(): Promise<void> {
    const { keys } = this.#ports;
    const keyLength = keys.manifests.length + 1;
    for await (const { cohort, entries } of this.#byCohort(keys.manifests)) {
      const where = `manifest of cohort ${cohort}`;
      try {
        const bytes = manifestOf(entries, keyLength);
        if (bytes === undefined) {
          for (const { key } of entries) this.#leftover(key);
          continue;
        }
        const manifest = decodeManifest(bytes);
        if (manifest.cohort !== cohort) {
          throw new CorruptDataError(`it is that of cohort ${manifest.cohort}`);
        }
        this.#manifests.set(cohort, manifest);
        this.summary.cohorts++;
        this.summary.series += manifest.lastMs.length;
        this.#directory(manifest, where);
      } catch (error) {
        this.#unreadable.add(cohort);
        this.#tell(where, wordsOf(error), { kind: "rebuildManifest", cohort });
      }
    }
  }

  /** Spans follow one another, pages of one span divide its columns, and no number occurs twice. */
  #directory({ cohort, pages, nextPage, lastMs }: Manifest, where: string): void {
    const numbers = new Set<number>();
    let last: PageRef | undefined;
    for (const ref of pages) {
      const page = `${where}, page ${ref.page}`;
      if (numbers.has(ref.page)) {
        this.#tell(page, "the page is named twice", { kind: "dropPage", cohort, page: ref.page });
      }
      numbers.add(ref.page);
      if (ref.page >= nextPage) {
        this.#tell(page, `the next page is to be ${nextPage}, expected a higher number`);
      }
      if (ref.kind !== "rows") continue;
      if (ref.firstColumn + ref.columnsCount > lastMs.length) {
        const columns = `${ref.firstColumn} to ${ref.firstColumn + ref.columnsCount - 1}`;
        this.#tell(page, `it has columns ${columns}, expected fewer than ${lastMs.length}`);
      }
      if (last !== undefined) {
        const sameSpan = ref.startMs === last.startMs && ref.endMs === last.endMs;
        const follows = sameSpan
          ? ref.firstColumn >= last.firstColumn + last.columnsCount
          : ref.startMs > last.endMs;
        if (!follows) {
          const problem = `its rows ${ref.startMs} to ${ref.endMs} overlap those of page ${last.page}, ` +
            `${last.startMs} to ${last.endMs}`;
          this.#tell(page, problem, { kind: "dropPage", cohort, page: ref.page });
          continue;
        }
      }
      last = ref;
    }
  }

  async #catalogue(): Promise<void> {
    const prefix = this.#ports.keys.labels(0).slice(0, -1);
    const seen = new Set<number>();
    for await (const { cohort, entries } of this.#byCohort(prefix)) {
      seen.add(cohort);
      const manifest = this.#manifests.get(cohort);
      if (manifest === undefined) {
        for (const { key } of entries) if (!this.#unreadable.has(cohort)) this.#leftover(key);
        continue;
      }
      this.#chunks(manifest, entries);
    }
    for (const { cohort, lastMs } of this.#manifests.values()) {
      if (seen.has(cohort) || lastMs.length === 0) continue;
      this.#lackingChunk(cohort, 0, lastMs.length);
    }
  }

  #chunks({ cohort, lastMs }: Manifest, entries: readonly KvEntry[]): void {
    const width = lastMs.length;
    let columns = 0;
    for (const [i, { key, value }] of entries.entries()) {
      const firstColumn = Number(key.at(-1));
      if (columns >= width) {
        this.#leftover(key);
        continue;
      }
      const next = Math.min(width, Number(entries[i + 1]?.key.at(-1) ?? width));
      if (firstColumn > columns) this.#lackingChunk(cohort, columns, firstColumn - columns);
      try {
        const { count } = decodeChunk(value);
        const expected = next - firstColumn;
        if (count < expected) throw new CorruptDataError(`it has ${count} label sets, expected ${expected}`);
      } catch (error) {
        const mend = { kind: "emptyChunk", cohort, firstColumn, columnsCount: next - firstColumn } as const;
        this.#tell(`catalogue of cohort ${cohort}, columns from ${firstColumn}`, wordsOf(error), mend);
      }
      columns = next;
    }
    if (columns < width) this.#lackingChunk(cohort, columns, width - columns);
  }

  #lackingChunk(cohort: number, firstColumn: number, columnsCount: number): void {
    const where = `catalogue of cohort ${cohort}, columns from ${firstColumn}`;
    const mend = { kind: "emptyChunk", cohort, firstColumn, columnsCount } as const;
    this.#tell(where, `expected labels of ${columnsCount} columns, there are none`, mend);
  }

  async #pages(): Promise<void> {
    const { kv, keys } = this.#ports;
    let cohort = -1;
    let named = new Map<number, PageRef>();
    let garbage = new Set<number>();
    const missing = new Set(this.#manifests.keys());
    const ended = () => {
      for (const ref of named.values()) this.#missing(cohort, ref);
    };
    for await (const { key, value } of kv.list({ prefix: keys.pages })) {
      const [next, page] = [Number(key.at(-2)), Number(key.at(-1))];
      if (next !== cohort) {
        ended();
        cohort = next;
        missing.delete(cohort);
        const manifest = this.#manifests.get(cohort);
        named = new Map(manifest?.pages.map((ref) => [ref.page, ref]));
        garbage = new Set(manifest?.garbage);
      }
      const ref = named.get(page);
      named.delete(page);
      if (ref !== undefined) this.#page(cohort, ref, value);
      else if (!garbage.has(page) && !this.#unreadable.has(cohort)) this.#leftover(key);
    }
    ended();
    for (const other of missing) {
      for (const ref of this.#manifests.get(other)!.pages) this.#missing(other, ref);
    }
  }

  #missing(cohort: number, ref: PageRef): void {
    const span = `${ref.startMs} to ${ref.endMs}`;
    const mend = { kind: "dropPage", cohort, page: ref.page } as const;
    this.#tell(
      `page ${ref.page} of cohort ${cohort}`,
      `expected its samples of ${span}, the key is missing`,
      mend,
    );
  }

  #page(cohort: number, ref: PageRef, value: Uint8Array): void {
    this.summary.pages++;
    this.summary.pageBytes += value.length;
    const where = `page ${ref.page} of cohort ${cohort}`;
    try {
      const { page, samples } = verifyPage(value, cohort);
      this.summary.samples += samples;
      const differs = disagreement(ref, page, value.length);
      if (differs === undefined) return;
      this.#tell(where, differs, { kind: "correctEntry", cohort, ref: entryOf(page, value.length, ref) });
    } catch (error) {
      this.#tell(where, wordsOf(error), { kind: "dropPage", cohort, page: ref.page });
    }
  }

  /** Continuity, and every record folded as a start would. */
  async #journal(): Promise<void> {
    const { kv, keys } = this.#ports;
    const { head, afterSeq } = await readHead({ kv, keys, log: SILENT }, HEAD_DEFAULTS);
    let seq = afterSeq;
    try {
      for await (const record of new KvJournal({ kv }).read(SHARD_ACTOR, afterSeq)) {
        seq = record.seq - 1;
        head.replay(record.bytes, record.seq);
        seq = record.seq;
        this.summary.records++;
      }
    } catch (error) {
      const mend = { kind: "cutJournal", seq: seq + 1 } as const;
      this.#tell(`journal, record ${seq + 1}`, wordsOf(error), mend);
    }
    const held = [
      ...[...this.#manifests.values()].map(({ cohort, baseSeq }) =>
        [`manifest of cohort ${cohort}`, baseSeq] as const
      ),
      ["exemplars", this.#exemplarsSeq] as const,
    ];
    for (const [where, baseSeq] of held) {
      if (baseSeq <= Math.max(seq, 1)) continue;
      const problem = `it holds all up to record ${baseSeq}, but the journal ends at ${seq}`;
      this.#tell(where, problem, { kind: "limitManifests", endSeq: seq });
      break;
    }
  }

  #leftover(key: KvKey): void {
    this.#tell(keyText(key), "nobody names it: an interrupted run left it", { kind: "setAside", key }, true);
  }

  async *#byCohort(
    prefix: KvKey,
  ): AsyncIterable<{ readonly cohort: number; readonly entries: readonly KvEntry[] }> {
    let entries: KvEntry[] = [];
    let cohort = -1;
    for await (const entry of this.#ports.kv.list({ prefix })) {
      const next = Number(entry.key[prefix.length]);
      if (next !== cohort && entries.length > 0) {
        yield { cohort, entries };
        entries = [];
      }
      cohort = next;
      entries.push(entry);
    }
    if (entries.length > 0) yield { cohort, entries };
  }
}

/** What a head leaves out when it is opened has been told by then. */
const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => SILENT };

/** Only what decoders and the journal say of what they read; anything else is a fault of the check itself. */
function wordsOf(error: unknown): string {
  if (
    error instanceof CorruptDataError || error instanceof CorruptRecordError ||
    error instanceof JournalGapError
  ) {
    return error.message;
  }
  throw error;
}
