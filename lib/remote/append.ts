/** How samples from outside reach storage: the one thing that receivers need from it. */
import type { AppendOutcome, SampleBatch } from "../model/batch.ts";

export interface AppendOptions {
  /** One refused sample of any batch refuses all of them. */
  readonly atomic: boolean;
  /** Resolves after the commit. */
  readonly durable: boolean;
}

/**
 * Outcomes in the order of the batches; each tells what became of its own batch. With `atomic`, batches are either
 * all `appended` or none is, and a batch that was kept back only because of another has that one's outcome. Rejects
 * when storage cannot be reached.
 */
export type AppendSamples = (
  batches: readonly SampleBatch[],
  options: AppendOptions,
) => Promise<readonly AppendOutcome[]>;
