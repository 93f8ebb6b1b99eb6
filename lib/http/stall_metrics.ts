/** How long the event loop was held: a histogram, so that any number of readers see what their own time brought. */
import { type FamilySample, type MetricFamily, singleFamily } from "../client/family.ts";
import { EMPTY_LABELS } from "../model/labels.ts";
import type { EventLoopSnapshot } from "./deps.ts";

export function* stallFamilies(
  { stallMsMax, stallMsTotal, counts }: EventLoopSnapshot,
): Iterable<MetricFamily> {
  yield singleFamily(
    "gauge",
    "narthex_event_loop_stall_max_seconds",
    "Longest stall of the event loop since the start.",
    stallMsMax / 1000,
  );
  const samples: FamilySample[] = [];
  let below = 0;
  for (const { boundS, count } of counts) {
    below += count;
    samples.push({
      suffix: "_bucket",
      labels: EMPTY_LABELS,
      bound: { label: "le", value: boundS },
      value: below,
    });
  }
  samples.push({ suffix: "_sum", labels: EMPTY_LABELS, value: stallMsTotal / 1000 });
  samples.push({ suffix: "_count", labels: EMPTY_LABELS, value: below });
  yield {
    name: "narthex_event_loop_stall_seconds",
    help: "How late a timer of the event loop fired, because work held the loop.",
    type: "histogram",
    samples,
  };
}
