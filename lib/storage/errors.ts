/** What can be wrong with the store. Neither is a caller's mistake. */

/** Bytes that a decoder did not write: a page, a manifest, a journal record. Says what is wrong, and where. */
export class CorruptDataError extends Error {
  override readonly name = "CorruptDataError";
}

/** A check of a commit failed: another process, or another opening of the shard, has taken the store over. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}
