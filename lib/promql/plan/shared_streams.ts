/**
 * Results that several operators of one query read. The first reader gets the stream as it is computed, and a copy of
 * each item is kept on the side; readers after it get copies, and the last one the kept items themselves. Keeping
 * never makes a query fail that would not have failed without: what would be too much, or is in the way of an
 * operator, is let go, and computed again by who asks next.
 */
import type { SampleBudget } from "../budget.ts";

/**
 * Cells that a query may keep for later readers, 64 MiB: more than most results of a dashboard, and little beside what
 * a query may hold at all.
 */
export const SHARED_CELLS_MAX = 8 * 1024 * 1024;

/** A quarter of what a query may hold, so that operators have room beside it. */
const SHARED_FRACTION = 1 / 4;

interface Entry<T> {
  readonly items: T[];
  state: "filling" | "full" | "dropped";
  held: number;
  readersLeft: number;
}

export interface SharedKind<T> {
  /** Cells. */
  readonly weigh: (item: T) => number;
  /** For a reader who may write into what it gets. */
  readonly copy: (item: T) => T;
}

export class SharedStreams<T> {
  readonly #budget: SampleBudget;
  readonly #kind: SharedKind<T>;
  readonly #entries = new Map<string, Entry<T>>();
  /** Found to be too much. */
  readonly #refused = new Set<string>();

  constructor(budget: SampleBudget, kind: SharedKind<T>) {
    this.#budget = budget;
    this.#kind = kind;
    budget.onPressure(() => {
      for (const [key, entry] of this.#entries) this.#drop(key, entry);
    });
  }

  /** `readers` of the same key are expected; one more, or one less, costs time or memory only. */
  read(key: string, readers: number, make: () => AsyncIterable<T>): AsyncIterable<T> {
    const known = this.#entries.get(key);
    if (known === undefined) {
      return this.#refused.has(key) ? make() : this.#first(key, readers, make);
    }
    return known.state === "full" ? this.#another(key, known) : make();
  }

  async *#first(key: string, readers: number, make: () => AsyncIterable<T>): AsyncIterable<T> {
    const entry: Entry<T> = { items: [], state: "filling", held: 0, readersLeft: readers - 1 };
    this.#entries.set(key, entry);
    try {
      const source = make()[Symbol.asyncIterator]();
      try {
        while (true) {
          const next = await source.next();
          if (next.done === true) break;
          this.#keep(key, entry, next.value);
          yield next.value;
        }
      } finally {
        await source.return?.();
      }
      if (entry.state === "filling") entry.state = "full";
    } finally {
      if (entry.state === "filling") this.#drop(key, entry);
    }
  }

  #keep(key: string, entry: Entry<T>, item: T): void {
    if (entry.state === "dropped") return;
    const cells = this.#kind.weigh(item);
    const max = Math.min(SHARED_CELLS_MAX, this.#budget.samplesMax * SHARED_FRACTION);
    if (this.#budget.reclaimable + cells > max || !this.#budget.tryKeep(cells)) {
      this.#refused.add(key);
      this.#drop(key, entry);
      return;
    }
    entry.held += cells;
    entry.items.push(this.#kind.copy(item));
  }

  async *#another(key: string, entry: Entry<T>): AsyncIterable<T> {
    entry.readersLeft--;
    const isLast = entry.readersLeft <= 0;
    // Its own list: the entry may be let go while this reader is not done.
    const items = entry.items.slice();
    if (isLast) this.#drop(key, entry);
    for (const item of items) yield isLast ? item : this.#kind.copy(item);
  }

  #drop(key: string, entry: Entry<T>): void {
    if (entry.state === "dropped") return;
    entry.state = "dropped";
    entry.items.length = 0;
    this.#budget.unkeep(entry.held);
    entry.held = 0;
    this.#entries.delete(key);
  }
}
