/** The nearest of some names to a mistyped one. */

/** Edits beyond this share of the word's length are another word, not a slip. */
const DISTANCE_SHARE_MAX = 0.4;
/** Two letters in the wrong order are two edits, in a short word too. */
const DISTANCE_MIN = 2;
/** Longer input than this is no slip of the fingers, and the distance costs its square. */
const LENGTH_MAX = 128;

export function nearest(written: string, names: readonly string[]): string | undefined {
  if (written.length > LENGTH_MAX) return undefined;
  let best: string | undefined;
  let distanceMin = Math.max(DISTANCE_MIN, Math.floor(written.length * DISTANCE_SHARE_MAX)) + 1;
  for (const name of names) {
    const distance = editDistance(written, name);
    if (distance < distanceMin) {
      best = name;
      distanceMin = distance;
    }
  }
  return best;
}

/** Insertions, deletions and replacements that make `b` of `a` (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, k) => k);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let k = 1; k <= b.length; k++) {
      const replaced = previous[k - 1]! + (a[i - 1] === b[k - 1] ? 0 : 1);
      row.push(Math.min(replaced, previous[k]! + 1, row[k - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
