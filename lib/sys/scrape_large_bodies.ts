/**
 * What the large bodies that are being read may hold together. A body of ordinary size asks nobody. Beyond that it
 * takes from a common share, so that targets that stream without end run into each other's limit and not into the
 * end of memory, and the others do not notice.
 */

/** No healthy exporter but the largest comes near; a hundred of this size at once are a matter of seconds. */
export const ORDINARY_BODY_BYTES = 16 * 1024 * 1024;
/** One body as large as a body may be, and a few of some ten megabytes beside it. */
export const LARGE_BODIES_BYTES_MAX = 320 * 1024 * 1024;

let taken = 0;

/** The share is used up: this body has to give way. */
export class NoRoom extends Error {
  constructor() {
    super(
      `no room for a body of more than ${ORDINARY_BODY_BYTES} bytes: ` +
        `large bodies under way may hold ${LARGE_BODIES_BYTES_MAX} together`,
    );
  }
}

/** One body's part. */
export class LargeBodyShare {
  #held = 0;

  /** Makes the part as large as a body of `bytes` needs. Throws `NoRoom`, and holds what it held. */
  grow(bytes: number): void {
    if (bytes <= ORDINARY_BODY_BYTES || bytes <= this.#held) return;
    const more = bytes - this.#held;
    if (taken + more > LARGE_BODIES_BYTES_MAX) throw new NoRoom();
    taken += more;
    this.#held = bytes;
  }

  release(): void {
    taken -= this.#held;
    this.#held = 0;
  }
}
