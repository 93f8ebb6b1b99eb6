/** Alerts that wait for one receiver. Bounded: when it is full the oldest go, since the rules send again what lasts. */
import { assert } from "../core/assert.ts";
import type { SentAlert } from "./alert.ts";

export class AlertQueue {
  readonly #capacity: number;
  #alerts: SentAlert[] = [];

  constructor(capacity: number) {
    assert(capacity > 0, `capacity ${capacity}`);
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#alerts.length;
  }

  /** Answers how many alerts of those that would have been kept so far are lost, the new ones included. */
  push(alerts: readonly SentAlert[]): number {
    const { length } = this.#alerts;
    const droppedCount = Math.max(0, length + alerts.length - this.#capacity);
    const keptOld = droppedCount >= length ? [] : this.#alerts.slice(droppedCount);
    const keptNew = alerts.slice(Math.max(0, droppedCount - length));
    this.#alerts = [...keptOld, ...keptNew];
    assert(this.#alerts.length <= this.#capacity, `${this.#alerts.length} alerts in the queue`);
    return droppedCount;
  }

  /** The oldest `countMax`, still in the queue. */
  head(countMax: number): readonly SentAlert[] {
    return this.#alerts.slice(0, countMax);
  }

  remove(count: number): void {
    assert(count <= this.#alerts.length, `remove ${count} of ${this.#alerts.length}`);
    this.#alerts = this.#alerts.slice(count);
  }
}
