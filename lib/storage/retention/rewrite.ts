/** Reads pages that retention wants written anew and takes out of their columns what is due. */
import { holdsHistograms } from "../../model/histogram_cell.ts";
import { fillAbsent, isAbsent, wordsOf } from "../../model/stale.ts";
import { decodeStrays, openPage, type Strays } from "../codecs/page.ts";
import { type MergedRows, mergedRows, type MergePorts } from "../compaction.ts";
import { CorruptDataError } from "../errors.ts";
import type { RewritePlan } from "./rewrite_plan.ts";
import { rollColumn } from "./rollup.ts";

/** Columns between two looks at the loop. */
const COLUMNS_A_TURN = 64;

export interface RewrittenRows extends MergedRows {
  readonly firstColumn: number;
}

/**
 * Histograms are not rolled up: what rises in them is more than one number, and resets of each bucket would count.
 * Undefined where nothing was due after all: the pages are good as they are.
 */
export async function rewrittenRows(
  cohort: number,
  plan: RewritePlan,
  ports: MergePorts,
): Promise<RewrittenRows | undefined> {
  const { tMs, columns, columnsCount, histograms } = await mergedRows(cohort, plan.pages, ports);
  const keep = new Uint8Array(tMs.length);
  const filled = new Uint8Array(tMs.length);
  let cleared = 0;
  let first = columnsCount;
  let end = 0;
  for (let column = 0; column < columnsCount; column++) {
    const values = columns[column]!;
    const words = wordsOf(values);
    if (plan.gone[column] === 1) cleared += clearAll(words, tMs.length);
    else if (plan.intervalMs[column]! > 0 && !holdsHistograms(words, 0, tMs.length)) {
      cleared += rollColumn(tMs, values, words, plan.intervalMs[column]!, keep);
    }
    if (noteFilled(words, filled)) {
      first = Math.min(first, column);
      end = column + 1;
    }
    if (column % COLUMNS_A_TURN === 0) await ports.yieldToLoop?.();
  }
  if (cleared === 0) return undefined;
  let rows = 0;
  for (let r = 0; r < tMs.length; r++) {
    if (filled[r] === 0) continue;
    tMs[rows] = tMs[r]!;
    rows++;
  }
  for (let column = first; column < end; column++) {
    moveUp(wordsOf(columns[column]!), filled);
    if (column % COLUMNS_A_TURN === 0) await ports.yieldToLoop?.();
  }
  return { tMs: tMs.subarray(0, rows), firstColumn: first, columnsCount: end, columns, histograms };
}

/** A roll-up leaves strays alone: they are few, and more samples harm nothing. */
export async function rewrittenStrays(
  cohort: number,
  plan: RewritePlan,
  { kv, keys }: MergePorts,
): Promise<Strays> {
  const [ref] = plan.pages;
  const entry = await kv.get(keys.page(cohort, ref!.page));
  if (entry === null) {
    throw new CorruptDataError(`Cannot rewrite page ${ref!.page} of cohort ${cohort}: it is missing`);
  }
  const strays = decodeStrays(openPage(entry.value));
  let count = 0;
  for (let i = 0; i < strays.tMs.length; i++) {
    if (plan.gone[strays.columns[i]!] === 1) continue;
    strays.columns[count] = strays.columns[i]!;
    strays.tMs[count] = strays.tMs[i]!;
    copyCell(strays.values, count, i);
    count++;
  }
  return {
    ...strays,
    columns: strays.columns.subarray(0, count),
    tMs: strays.tMs.subarray(0, count),
    values: strays.values.subarray(0, count),
  };
}

/** By its bits: a number's way through a variable may change those of a NaN. */
function copyCell(values: Float64Array, to: number, from: number): void {
  if (to !== from) values.copyWithin(to, from, from + 1);
}

/** Cells of the filled rows, one after the other. */
function moveUp(words: Uint32Array, filled: Uint8Array): void {
  let to = 0;
  for (let r = 0; r < filled.length; r++) {
    if (filled[r] === 0) continue;
    words[2 * to] = words[2 * r]!;
    words[2 * to + 1] = words[2 * r + 1]!;
    to++;
  }
}

function clearAll(words: Uint32Array, count: number): number {
  let cleared = 0;
  for (let r = 0; r < count; r++) if (!isAbsent(words, r)) cleared++;
  if (cleared > 0) fillAbsent(words, 0, count);
  return cleared;
}

/** Marks the rows in which the column has a sample; whether there is one. */
function noteFilled(words: Uint32Array, filled: Uint8Array): boolean {
  let any = false;
  for (let r = 0; r < filled.length; r++) {
    if (isAbsent(words, r)) continue;
    filled[r] = 1;
    any = true;
  }
  return any;
}
