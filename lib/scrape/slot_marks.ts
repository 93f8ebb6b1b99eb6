/** Which slots a body met: marks that are forgotten all at once by counting on, so a scrape clears nothing. */
export class SlotMarks {
  seen: Uint32Array = new Uint32Array(1024);
  tracked: Uint32Array = new Uint32Array(1024);
  mark = 0;

  /** Forgets all, and makes room for `slots`. */
  begin(slots: number): void {
    if (slots > this.seen.length) {
      this.seen = new Uint32Array(2 * slots);
      this.tracked = new Uint32Array(2 * slots);
      this.mark = 0;
    }
    this.mark++;
    if (this.mark < 0xffff_ffff) return;
    this.seen.fill(0);
    this.tracked.fill(0);
    this.mark = 1;
  }

  wasSeen(slot: number): boolean {
    return this.seen[slot] === this.mark;
  }

  /** Sampled at the scrape's time, or staleness follows the series' own timestamps too. */
  isTracked(slot: number): boolean {
    return this.tracked[slot] === this.mark;
  }
}
