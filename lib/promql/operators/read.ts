/** Where operators get the samples of a selector from: storage, or what another operator of the query has read. */
import type { ColumnGroup, TimeRange } from "../../storage/source.ts";
import type { VectorSelector } from "../ast.ts";
import type { QueryContext } from "../context.ts";
import { withDetectedHints } from "./detected_hints.ts";

export function readGroups(
  context: QueryContext,
  selector: VectorSelector,
  range: TimeRange,
): AsyncIterable<ColumnGroup> {
  const { source, budget, pacer, plan, sharedGroups } = context;
  const shared = plan.sharing.reads.get(selector);
  // Groups that are kept for another reader may not share their memory.
  const oneAtATime = shared === undefined;
  const labelNames = plan.labelsSeen.get(selector);
  const select = () =>
    source.select(
      { matchers: selector.matchers, range, samplesMax: budget.room, oneAtATime, labelNames },
      pacer.signal,
    );
  const groups = shared === undefined
    ? select()
    : sharedGroups.read(`${shared.id} ${range.startMs} ${range.endMs}`, shared.uses, select);
  return plan.statsSelectors.has(selector) ? withDetectedHints(groups) : groups;
}
