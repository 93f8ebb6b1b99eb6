/** A storage that keeps batches as they come, answers as storage does, and can be told to refuse. */
import type { AppendSamples } from "../../lib/remote/append.ts";
import { type AppendOutcome, NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { formatLabels, type Labels, labelsKey } from "../../lib/model/labels.ts";
import type { Log } from "../../lib/core/ports.ts";
import { wordsOf } from "../../lib/model/stale.ts";

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
};

export const NOTHING = { appended: 0, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 };

export class FakeStorage {
  readonly batches: SampleBatch[] = [];
  readonly samples: {
    labels: string;
    cohort: string;
    tMs: number;
    value: number;
    low: number;
    high: number;
  }[] = [];
  readonly #columns = new Map<string, Map<string, number>>();
  readonly #labels = new Map<string, Labels[]>();
  epoch = 1;
  answer: (() => readonly AppendOutcome[]) | undefined;

  restart(): void {
    this.epoch++;
    this.#columns.clear();
    this.#labels.clear();
  }

  readonly append: AppendSamples = (batches) => {
    if (this.answer !== undefined) return Promise.resolve(this.answer());
    const isWrong = ({ epoch }: SampleBatch) => epoch !== 0 && epoch !== this.epoch;
    if (batches.some(isWrong)) {
      return Promise.resolve(
        batches.map((batch) =>
          isWrong(batch)
            ? { kind: "wrongEpoch", epoch: this.epoch }
            : { kind: "refused", counts: NOTHING, reason: "another part of the request was refused" }
        ),
      );
    }
    return Promise.resolve(batches.map((batch) => this.#keep(batch)));
  };

  #keep(batch: SampleBatch): AppendOutcome {
    this.batches.push(batch);
    const columns = this.#columns.get(batch.cohort) ?? new Map<string, number>();
    const labels = this.#labels.get(batch.cohort) ?? [];
    this.#columns.set(batch.cohort, columns);
    this.#labels.set(batch.cohort, labels);
    const refs = Uint32Array.from(batch.defined, (series) => {
      const key = labelsKey(series);
      if (!columns.has(key)) {
        columns.set(key, labels.length);
        labels.push(series);
      }
      return columns.get(key)!;
    });
    let appended = 0;
    for (const row of batch.rows) {
      const words = wordsOf(row.values);
      for (let i = 0; i < row.refs.length; i++) {
        const ref = row.refs[i]!;
        const column = ref >= NEW_SERIES_BIT ? refs[ref - NEW_SERIES_BIT]! : ref;
        this.samples.push({
          labels: formatLabels(labels[column]!),
          cohort: batch.cohort,
          tMs: row.tMs,
          value: row.values[i]!,
          low: words[2 * i]!,
          high: words[2 * i + 1]!,
        });
        appended++;
      }
    }
    const counts = { appended, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 };
    return { kind: "appended", epoch: this.epoch, refs, counts };
  }
}
