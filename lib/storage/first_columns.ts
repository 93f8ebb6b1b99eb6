/**
 * The columns 0, 1, 2, … of a row that has all of its cohort's. Most rows of a replay do, and share one array then.
 * Read-only.
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

export function areFirstColumns(columns: Uint32Array): boolean {
  if (columns.buffer === shared.buffer && columns.byteOffset === 0) return true;
  for (let i = 0; i < columns.length; i++) if (columns[i] !== i) return false;
  return true;
}
