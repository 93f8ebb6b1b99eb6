/** How samples from outside reach storage: the one thing that receivers need from it. */
import type { AppendOutcome, SampleBatch } from "../model/batch.ts";

export interface AppendOptions {
  /** One refused sample of any batch refuses all of them. */
  readonly atomic: boolean;
  /** Resolves after the commit. */
  readonly durable: boolean;
}

/**
 * Outcomes in the order of the batches. With `atomic`, batches are either all `appended` or none is; a batch that was
 * kept back only because of another is `refused` with no refused sample in its counts. Rejects when storage cannot be
 * reached.
 */
export type AppendSamples = (
  batches: readonly SampleBatch[],
  options: AppendOptions,
) => Promise<readonly AppendOutcome[]>;
