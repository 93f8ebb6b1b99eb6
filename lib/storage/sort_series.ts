/** Label sets or texts in order, each once, found in pieces of a few milliseconds: there may be hundreds of thousands. */
import { compareLabels, compareUtf8, type Labels } from "../model/labels.ts";

/** Sorted in one go: some four milliseconds. */
const PIECE_LENGTH = 4_096;
/** Merged in one go, with a comparison each. */
const MERGED_LENGTH = 16_384;

type Pause = (() => Promise<void>) | undefined;

/** Between two pieces `pause` is awaited; without it there is no pause. */
export function sortedSeries(found: readonly Labels[], pause: Pause): Promise<readonly Labels[]> {
  return sortedOnce(found, compareLabels, pause);
}

export function sortedTexts(found: readonly string[], pause: Pause): Promise<readonly string[]> {
  return sortedOnce(found, compareUtf8, pause);
}

/** Of items that `compare` finds equal, one is kept. */
export async function sortedOnce<T>(
  found: readonly T[],
  compare: (a: T, b: T) => number,
  pause: Pause,
): Promise<readonly T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < found.length; at += PIECE_LENGTH) {
    if (at > 0) await pause?.();
    runs.push(distinct(found.slice(at, at + PIECE_LENGTH).sort(compare), compare));
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      await pause?.();
      merged.push(i + 1 === runs.length ? runs[i]! : await mergeRuns(runs[i]!, runs[i + 1]!, compare, pause));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function distinct<T>(sorted: readonly T[], compare: (a: T, b: T) => number): T[] {
  return sorted.filter((item, i) => i === 0 || compare(item, sorted[i - 1]!) !== 0);
}

/** Of two runs without repeats; so is what comes out. */
async function mergeRuns<T>(
  a: readonly T[],
  b: readonly T[],
  compare: (a: T, b: T) => number,
  pause: Pause,
): Promise<T[]> {
  const out: T[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const order = compare(a[i]!, b[j]!);
    out.push(order <= 0 ? a[i]! : b[j]!);
    if (order <= 0) i++;
    if (order >= 0) j++;
    if (out.length % MERGED_LENGTH === 0) await pause?.();
  }
  while (i < a.length) out.push(a[i++]!);
  while (j < b.length) out.push(b[j++]!);
  return out;
}
