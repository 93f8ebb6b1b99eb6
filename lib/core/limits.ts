/**
 * Limits that belong to the world and not to one module. A module's own limits stand in the module, named the
 * same way: what, unit, MAX. Relations between limits are asserted where both are known.
 */

/** Deno KV: the largest value. */
export const KV_VALUE_BYTES_MAX = 65_536;
/** Deno KV: the largest key, encoded. */
export const KV_KEY_BYTES_MAX = 2_048;
/** Deno KV: values of one commit, together. */
export const KV_COMMIT_BYTES_MAX = 819_200;
/** Deno KV: keys of one commit, together. */
export const KV_COMMIT_KEY_BYTES_MAX = 81_920;
/** Deno KV: mutations of one commit. */
export const KV_COMMIT_MUTATIONS_MAX = 1_000;
/** Deno KV: checks of one commit. */
export const KV_COMMIT_CHECKS_MAX = 10;
/** Values between these two sizes spill to SQLite overflow pages and cost up to 4.7 times their size on disk. */
export const KV_SMALL_VALUE_BYTES_MAX = 900;
export const KV_LARGE_VALUE_BYTES_MIN = 16_384;
