/** What is shared within a query: blocks of vectors, which readers write into, and groups of samples, which nobody does. */
import { type Block, blockOf } from "../block.ts";
import { blockWeight, HISTOGRAM_CELLS } from "../histogram_weight.ts";
import type { ColumnGroup } from "../../storage/source.ts";
import type { SharedKind } from "./shared_streams.ts";

/** A block is cut to its rows. */
export const SHARED_BLOCKS: SharedKind<Block> = {
  weigh: blockWeight,
  copy: ({ steps, labels, values, dropsName, histograms }) =>
    blockOf(steps, labels, values.slice(0, labels.length * steps), dropsName?.slice(), histograms),
};

/** Read-only, and good for the length of a query: kept without a copy. */
export const SHARED_GROUPS: SharedKind<ColumnGroup> = {
  weigh: ({ tMs, series, histograms, startTimesMs }) => {
    const columns = series.length * (startTimesMs === undefined ? 1 : 2);
    return tMs.length * (columns * (histograms === undefined ? 1 : HISTOGRAM_CELLS) + 1);
  },
  copy: (group) => group,
};
