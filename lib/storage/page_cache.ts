/**
 * Opened pages within a budget of bytes: the oldest leaves that was not used since its turn last came. Pages never change, so nothing is ever invalidated:
 * a page that is gone is simply not asked for again.
 */
import type { Kv, Log } from "../core/ports.ts";
import { messageOf } from "../core/errors.ts";
import { type OpenPage, openPage } from "./codecs/page.ts";
import type { StorageKeys } from "./keys.ts";
import type { PageCacheStats } from "./stats.ts";
import type { PageRef } from "./view.ts";

/** Reads in flight together. */
const READS_AT_ONCE = 32;
/** Decompressed and checked in one go: some four milliseconds. */
const PAGES_A_TURN = 8;
/** What an opened page costs beside its payload. */
const PAGE_OVERHEAD_BYTES = 512;
/** Kept for the next query over the same time; a quarter of what a small machine can spare. */
export const PAGE_CACHE_BYTES_DEFAULT = 128 * 1024 * 1024;

export interface PageCacheOptions {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  readonly log: Log;
  readonly bytesMax: number;
  /** Between pieces of long work. Default: no pauses. */
  readonly yieldToLoop?: () => Promise<void>;
}

interface Kept {
  readonly page: OpenPage;
  readonly bytes: number;
  /** A use costs this mark; moving what is used to the end cost a query of many pages a millisecond. */
  used: boolean;
}

export class PageCache {
  readonly #options: PageCacheOptions;
  readonly #pages = new Map<string, Kept>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;
  #damaged = 0;
  #gone = 0;

  constructor(options: PageCacheOptions) {
    this.#options = options;
  }

  /** The page where it is in memory already. */
  peek(cohort: number, ref: PageRef): OpenPage | undefined {
    const key = `${cohort}/${ref.page}`;
    const found = this.#pages.get(key);
    if (found === undefined) return undefined;
    found.used = true;
    this.#hits++;
    return found.page;
  }

  /** Puts pages into memory, by one range where their numbers lie close: a list is thirty times cheaper an entry. */
  async load(cohort: number, refs: readonly PageRef[]): Promise<Map<number, OpenPage>> {
    const { kv, keys } = this.#options;
    const opened = new Map<number, OpenPage>();
    const missing: PageRef[] = [];
    for (const ref of refs) {
      const page = this.peek(cohort, ref);
      if (page === undefined) missing.push(ref);
      else opened.set(ref.page, page);
    }
    if (missing.length === 0) return opened;
    let first = Infinity;
    let last = -Infinity;
    for (const { page } of missing) {
      first = Math.min(first, page);
      last = Math.max(last, page);
    }
    this.#misses += missing.length;
    const values = new Map<number, Uint8Array>();
    if (missing.length >= 4 && last - first < missing.length * 2) {
      const range = { start: keys.page(cohort, first), end: keys.page(cohort, last + 1) };
      for await (const { key, value } of kv.list(range)) values.set(Number(key[key.length - 1]), value);
    } else {
      for (let at = 0; at < missing.length; at += READS_AT_ONCE) {
        await Promise.all(
          missing.slice(at, at + READS_AT_ONCE).map(async ({ page }) => {
            const entry = await kv.get(keys.page(cohort, page));
            if (entry !== null) values.set(page, entry.value);
          }),
        );
      }
    }
    for (const [i, ref] of missing.entries()) {
      if (i > 0 && i % PAGES_A_TURN === 0) await this.#options.yieldToLoop?.();
      const page = this.#admit(cohort, ref, values.get(ref.page));
      if (page !== undefined) opened.set(ref.page, page);
    }
    return opened;
  }

  /** Undefined for a page that is gone or damaged: it is counted, the damage logged, and all else goes on. */
  #admit(cohort: number, ref: PageRef, value: Uint8Array | undefined): OpenPage | undefined {
    const { bytesMax } = this.#options;
    if (value === undefined) {
      this.#gone++;
      return undefined;
    }
    let page: OpenPage;
    try {
      page = openPage(value);
      if (
        page.rowsCount !== ref.rowsCount || page.cohort !== cohort || page.kind !== ref.kind ||
        page.firstColumn !== ref.firstColumn || page.columnsCount !== ref.columnsCount
      ) {
        throw new Error("the page is not the one that the directory names");
      }
    } catch (error) {
      this.noteDamaged(cohort, ref, error);
      return undefined;
    }
    const bytes = page.payload.length + page.tMs.byteLength + page.offsets.byteLength + PAGE_OVERHEAD_BYTES;
    if (bytes > bytesMax) return page;
    const key = `${cohort}/${ref.page}`;
    const raced = this.#pages.get(key);
    if (raced !== undefined) return raced.page;
    this.#pages.set(key, { page, bytes, used: false });
    this.#bytes += bytes;
    // Ends: a page comes round a second time unused.
    for (const [oldest, kept] of this.#pages) {
      if (this.#bytes <= bytesMax) break;
      this.#pages.delete(oldest);
      if (kept.used) {
        kept.used = false;
        this.#pages.set(oldest, kept);
      } else this.#bytes -= kept.bytes;
    }
    return page;
  }

  noteDamaged(cohort: number, ref: PageRef, error: unknown): void {
    this.#damaged++;
    this.#options.log.error("Skipped a damaged page", { cohort, page: ref.page, error: messageOf(error) });
  }

  stats(): PageCacheStats {
    return {
      ...{ hits: this.#hits, misses: this.#misses, bytes: this.#bytes, bytesMax: this.#options.bytesMax },
      ...{ pages: this.#pages.size, damaged: this.#damaged, gone: this.#gone },
    };
  }
}
