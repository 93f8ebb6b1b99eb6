/** A sample picked out to show what is behind a number, mostly by a trace id. */
import type { EpochMs } from "../core/time.ts";
import type { Labels } from "./labels.ts";

export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  readonly tMs: EpochMs;
  /** The client gave the time; else it is that of the scrape, and says nothing when two are compared. */
  readonly hasTime: boolean;
}

/** With the series it belongs to. */
export interface SeriesExemplar extends Exemplar {
  readonly series: Labels;
}

export interface ExemplarStats {
  readonly appended: number;
  readonly outOfOrder: number;
  readonly inStorage: number;
  readonly series: number;
  readonly max: number;
  /** The time of the oldest one, of the next to be pushed out; undefined while there is none. */
  readonly oldestMs: EpochMs | undefined;
}

export interface ExemplarSeries {
  readonly labels: Labels;
  readonly exemplars: readonly Exemplar[];
}
