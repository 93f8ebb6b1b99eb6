/** The times at which any of several series has a sample. Series of one source mostly share them all. */

/** Each list ascends; so does what comes out, no time twice. */
export function unionOfTimes(lists: readonly Float64Array[]): Float64Array {
  const distinct: Float64Array[] = [];
  let last: Float64Array | undefined;
  for (const list of lists) {
    if (last !== undefined && isSame(last, list)) continue;
    last = list;
    distinct.push(list);
  }
  if (distinct.length <= 1) return distinct[0]?.slice() ?? new Float64Array(0);
  const times = new Set<number>();
  for (const list of distinct) for (const tMs of list) times.add(tMs);
  return Float64Array.from(times).sort();
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
