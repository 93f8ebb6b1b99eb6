/**
 * The columns 0, 1, 2, … of a row that has all of its cohort's. Most rows do, those of scrapes and those of a replay,
 * and share one array then: who meets it looks at none of its elements. Read-only.
 */

/** As many as a wide source has series; a row that is wider has an array of its own. */
const SHARED_COLUMNS_MAX = 65_536;

const shared = Uint32Array.from({ length: SHARED_COLUMNS_MAX }, (_, i) => i);

export function firstColumns(count: number): Uint32Array {
  if (count <= SHARED_COLUMNS_MAX) return shared.subarray(0, count);
  const columns = new Uint32Array(count);
  for (let i = 0; i < count; i++) columns[i] = i;
  return columns;
}

/** True for what `firstColumns` made, but for a very wide row: takes no time. */
export function isSharedColumns(columns: Uint32Array): boolean {
  return columns.buffer === shared.buffer && columns.byteOffset === 0;
}

export function areFirstColumns(columns: Uint32Array): boolean {
  if (isSharedColumns(columns)) return true;
  for (let i = 0; i < columns.length; i++) if (columns[i] !== i) return false;
  return true;
}
