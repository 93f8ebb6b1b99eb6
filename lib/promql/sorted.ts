/** Orders of many things, by labels mostly, found without keeping the event loop waiting. */
import { compareLabels, type Labels } from "../model/labels.ts";
import type { Pacer } from "./pacer.ts";

/** Sorted in one go: about a millisecond. */
const RUN_LENGTH = 1024;

interface Labelled {
  readonly labels: Labels;
}

export function sortedByLabels<T extends Labelled>(pacer: Pacer, items: readonly T[]): Promise<readonly T[]> {
  return sortedPaced(pacer, items, (a, b) => compareLabels(a.labels, b.labels));
}

/** A merge sort whose runs and merges are pieces of work of their own. Stable. */
export async function sortedPaced<T>(
  pacer: Pacer,
  items: readonly T[],
  compare: (a: T, b: T) => number,
): Promise<readonly T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += RUN_LENGTH) {
    runs.push(items.slice(at, at + RUN_LENGTH).sort(compare));
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(await mergeRuns(pacer, runs[i]!, runs[i + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeRuns<T>(
  pacer: Pacer,
  a: readonly T[],
  b: readonly T[],
  compare: (a: T, b: T) => number,
): Promise<T[]> {
  const out: T[] = [];
  let i = 0;
  let j = 0;
  await pacer.rows(a.length + b.length, () => {
    const takesFirst = j === b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0);
    out.push(takesFirst ? a[i++]! : b[j++]!);
  });
  return out;
}
