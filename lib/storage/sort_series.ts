/** Label sets in order, each once, found in pieces of a few milliseconds: there may be hundreds of thousands. */
import { compareLabels, type Labels } from "../model/labels.ts";

/** Sorted or merged in one go: some four milliseconds. */
const PIECE_LENGTH = 4_096;

/** Between two pieces `pause` is awaited; without it there is no pause. */
export async function sortedSeries(
  found: readonly Labels[],
  pause: (() => Promise<void>) | undefined,
): Promise<readonly Labels[]> {
  let runs: Labels[][] = [];
  for (let at = 0; at < found.length; at += PIECE_LENGTH) {
    if (at > 0) await pause?.();
    runs.push(distinct(found.slice(at, at + PIECE_LENGTH).sort(compareLabels)));
  }
  while (runs.length > 1) {
    const merged: Labels[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(i + 1 === runs.length ? runs[i]! : await mergeRuns(runs[i]!, runs[i + 1]!, pause));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function distinct(sorted: readonly Labels[]): Labels[] {
  return sorted.filter((labels, i) => i === 0 || compareLabels(labels, sorted[i - 1]!) !== 0);
}

/** Of two runs without repeats; so is what comes out. */
async function mergeRuns(
  a: readonly Labels[],
  b: readonly Labels[],
  pause: (() => Promise<void>) | undefined,
): Promise<Labels[]> {
  const out: Labels[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const order = compareLabels(a[i]!, b[j]!);
    out.push(order <= 0 ? a[i]! : b[j]!);
    if (order <= 0) i++;
    if (order >= 0) j++;
    if (out.length % PIECE_LENGTH === 0) await pause?.();
  }
  while (i < a.length) out.push(a[i++]!);
  while (j < b.length) out.push(b[j++]!);
  return out;
}
