/**
 * What a group wrote and is about to write, in storage's terms: one cohort a group, each series sent with its labels
 * once and by its column from then on. Knows storage only by batches and their answers.
 */
import { COHORT_NAME_BYTES_MAX, NEW_SERIES_BIT } from "../model/batch.ts";
import type { AppendOutcome, SampleBatch } from "../model/batch.ts";
import type { EpochMs } from "../core/time.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import { groupHash } from "./schedule.ts";
import type { RuleVector } from "./vector.ts";

/** Columns of series that are long gone are forgotten when there are so many: they can be asked for again. */
const COLUMNS_KEPT_MIN = 10_000;

interface Sent {
  readonly tMs: EpochMs;
  readonly samples: RuleVector;
  readonly defined: readonly string[];
}

export class CohortWriter {
  readonly cohort: string;
  #epoch = 0;
  #columns = new Map<string, number>();
  #sent: Sent | undefined;

  constructor(file: string, group: string) {
    this.cohort = cohortName(file, group);
  }

  /** One batch at a time: the next after its answer. */
  batch(tMs: EpochMs, samples: RuleVector): SampleBatch {
    const { labels } = samples;
    if (this.#columns.size > COLUMNS_KEPT_MIN + 4 * labels.length) this.#columns.clear();
    const refs = new Uint32Array(labels.length);
    const defined: Labels[] = [];
    const keys: string[] = [];
    for (let i = 0; i < refs.length; i++) {
      const key = labelsKey(labels[i]!);
      const column = this.#columns.get(key);
      if (column !== undefined) {
        refs[i] = column;
        continue;
      }
      refs[i] = (NEW_SERIES_BIT | defined.length) >>> 0;
      defined.push(labels[i]!);
      keys.push(key);
    }
    this.#sent = { tMs, samples, defined: keys };
    // Storage owns what it is sent; the samples may have to be sent again.
    const rows = [{ tMs, refs, values: samples.values.slice(), histograms: samples.histograms }];
    // As Prometheus: an evaluation that is late says nothing about the past.
    return { cohort: this.cohort, epoch: this.#epoch, defined, rows, strays: [], late: "refused" };
  }

  /** The batch to send again where storage has another idea of the cohort; undefined: it was the last word. */
  answered(outcome: AppendOutcome): SampleBatch | undefined {
    const sent = this.#sent;
    this.#sent = undefined;
    if (sent === undefined) return undefined;
    if (outcome.kind === "wrongEpoch") {
      this.forget();
      return this.batch(sent.tMs, sent.samples);
    }
    if (outcome.kind !== "appended") return undefined;
    this.#epoch = outcome.epoch;
    sent.defined.forEach((key, i) => this.#columns.set(key, outcome.refs[i]!));
    return undefined;
  }

  /** What storage holds is unknown: everything is defined anew. */
  forget(): void {
    this.#epoch = 0;
    this.#columns = new Map();
  }
}

/** A path may be longer than the name of a cohort: then the hash of both stands for its end. */
function cohortName(file: string, group: string): string {
  const name = `rules/${file};${group}`;
  return shortened(name, file, group, COHORT_NAME_BYTES_MAX);
}

/** `name` where it has at most so many bytes, else its begin and a hash. */
export function shortened(name: string, file: string, group: string, bytesMax: number): string {
  if (new TextEncoder().encode(name).length <= bytesMax) return name;
  const hash = groupHash(file, group).toString(16).padStart(16, "0");
  // A UTF-16 unit is at most three bytes of UTF-8.
  return `${name.slice(0, Math.floor((bytesMax - 20) / 3)).toWellFormed()};${hash}`;
}
