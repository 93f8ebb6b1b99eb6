/** Bytes that a decoder did not write: a page, a manifest, a journal record. Says what is wrong, and where. */
export class CorruptDataError extends Error {
  override readonly name = "CorruptDataError";
}
