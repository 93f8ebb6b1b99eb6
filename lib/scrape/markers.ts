/** Staleness markers: which series of a target end with a scrape, and their cells in its row. */
import type { Body } from "../exposition/body_reader.ts";
import { BodyLabels } from "./body_labels.ts";
import { ENDED_LABELS_MAX, type EndedSeries, NONE_ENDED } from "./ended_series.ts";
import type { RowBuilder } from "./row_builder.ts";
import { SERIES_KNOWN, SERIES_PENDING, SERIES_TRACKED, SERIES_WAS_TRACKED } from "./series_table.ts";
import { SLICE_LINES, type Steps } from "./slices.ts";
import type { TargetSeries } from "./target_series.ts";
import type { Workspace } from "./workspace.ts";

/** Markers for what the body at hand no longer tracks; brings the tracking up to date. */
export function* putVanished(
  known: TargetSeries,
  { rows, marks }: Workspace,
): Steps<{ readonly ended: EndedSeries; readonly staleMarkers: number }> {
  const { flags, ref, count } = known.table;
  const gone: number[] = [];
  let staleMarkers = 0;
  for (let slot = 0; slot < count; slot++) {
    if (slot % SLICE_LINES === SLICE_LINES - 1) yield;
    const flag = flags[slot]!;
    const isTracked = marks.isTracked(slot);
    if (isTracked === ((flag & SERIES_TRACKED) !== 0)) continue;
    if (isTracked) {
      flags[slot] = flag | SERIES_TRACKED;
      continue;
    }
    flags[slot] = flag & ~SERIES_TRACKED;
    if ((flag & SERIES_KNOWN) === 0 || !rows.putStale(ref[slot]!)) continue;
    staleMarkers++;
    if (marks.wasSeen(slot)) flags[slot] = flags[slot]! | SERIES_WAS_TRACKED;
    else gone.push(slot);
  }
  const body = known.body;
  if (body === undefined || gone.length === 0) return { ended: NONE_ENDED, staleMarkers };
  const ended: EndedSeries = gone.length <= ENDED_LABELS_MAX
    ? { kind: "labels", labels: known.labelsOfLast(gone) }
    : { kind: "body", body, lines: known.lines, slots: gone };
  return { ended, staleMarkers };
}

/** Markers for everything that was tracked; their number. */
export function putMarkers(known: TargetSeries, rows: RowBuilder): number {
  const { flags, ref, count } = known.table;
  let staleMarkers = 0;
  for (let slot = 0; slot < count; slot++) {
    const flag = flags[slot]!;
    if ((flag & SERIES_TRACKED) === 0) continue;
    flags[slot] = flag & ~SERIES_TRACKED;
    if ((flag & SERIES_KNOWN) === 0 || !rows.putStale(ref[slot]!)) continue;
    flags[slot] = flags[slot]! | SERIES_WAS_TRACKED;
    staleMarkers++;
  }
  return staleMarkers;
}

/** Those of the scrape in flight once more, defined in full. */
export function putMarkersAgain(known: TargetSeries, rows: RowBuilder, body: Body): void {
  const { flags, ref } = known.table;
  const again = new BodyLabels(body, known.lines, known.typed);
  const { slot: slots, count } = known.lines;
  const done = new Set<number>();
  for (let line = 0; line < count; line++) {
    const slot = slots[line]!;
    if (slot < 0 || (flags[slot]! & SERIES_WAS_TRACKED) === 0 || done.has(slot)) continue;
    done.add(slot);
    if ((flags[slot]! & SERIES_PENDING) === 0) {
      ref[slot] = rows.define(known.labelsOf(again.pairsAt(line)), slot);
      flags[slot] = flags[slot]! | SERIES_PENDING;
    }
    rows.putStale(ref[slot]!);
  }
}
