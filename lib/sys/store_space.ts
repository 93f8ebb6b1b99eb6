/**
 * How full a KV file is. SQLite keeps free pages for later use and never gives them back, so the size of the file
 * says little about what is in it: its own counters are asked, through a second connection that only reads.
 * Never by opening the file: closing it again would end the locks that SQLite holds for this process.
 */
import { statfs } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import type { StoreSpace } from "../core/ports.ts";

export interface StoreGauge {
  measure(): Promise<StoreSpace>;
  close(): void;
}

/** `path` is that of an open KV file. */
export function openStoreGauge(path: string): StoreGauge {
  let database: DatabaseSync | undefined;
  return {
    async measure() {
      database ??= new DatabaseSync(path, { readOnly: true });
      const pages = numberOf(database, "page_count");
      const freePages = numberOf(database, "freelist_count");
      const besideBytes = sizeOf(`${path}-wal`) + sizeOf(`${path}-shm`);
      const disk = await statfs(path);
      return {
        usedBytes: (pages - freePages) * numberOf(database, "page_size") + besideBytes,
        fileBytes: sizeOf(path) + besideBytes,
        diskBytes: disk.blocks * disk.bsize,
      };
    },
    close() {
      database?.close();
      database = undefined;
    },
  };
}

function numberOf(database: DatabaseSync, pragma: "page_count" | "freelist_count" | "page_size"): number {
  const value = database.prepare(`PRAGMA ${pragma}`).get()?.[pragma];
  if (typeof value !== "number") throw new Error(`SQLite does not tell its ${pragma}`);
  return value;
}

/** 0 for a file that is not there, as the log between a checkpoint and the next write. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
