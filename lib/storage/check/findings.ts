/** What a check of the store found, and what would mend it. */
import type { KvKey } from "../../core/ports.ts";
import type { PageRef } from "../view.ts";

export type Mend =
  /** Put aside: nobody names it, or nobody can read it. */
  | { readonly kind: "setAside"; readonly key: KvKey }
  /** Put aside, and taken out of the directory. */
  | { readonly kind: "dropPage"; readonly cohort: number; readonly page: number }
  /** The page is whole: the directory is set right by it. */
  | { readonly kind: "correctEntry"; readonly cohort: number; readonly ref: PageRef }
  /** The manifest is made anew from catalogue and pages. */
  | { readonly kind: "rebuildManifest"; readonly cohort: number }
  /** The columns of a chunk lose their series. */
  | {
    readonly kind: "emptyChunk";
    readonly cohort: number;
    readonly firstColumn: number;
    readonly columnsCount: number;
  }
  /** The journal ends before this record. */
  | { readonly kind: "cutJournal"; readonly seq: number }
  /** No manifest holds more than the journal has had. */
  | { readonly kind: "limitManifests"; readonly endSeq: number };

export interface Finding {
  readonly where: string;
  readonly problem: string;
  /** Left by an interrupted run: nobody sees it, and the next run overwrites it. Not damage. */
  readonly harmless: boolean;
  readonly mend?: Mend | undefined;
}

export interface CheckSummary {
  keys: number;
  cohorts: number;
  series: number;
  pages: number;
  pageBytes: number;
  samples: number;
  exemplars: number;
  records: number;
}

export function keyText(key: KvKey): string {
  return `[${key.map((part) => part instanceof Uint8Array ? "bytes" : JSON.stringify(part)).join(", ")}]`;
}
