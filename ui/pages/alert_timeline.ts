/**
 * From the transitions of alerts to a timeline: a row an alert, a span a state. Pure, and without a browser; times
 * are milliseconds.
 */
import type { Metric } from "../api.ts";

export type Phase = "inactive" | "pending" | "firing" | "keptFiring" | "resolved";

export interface Transition {
  readonly time: string;
  readonly from: Phase;
  readonly to: Phase;
  readonly cause: string;
  readonly reason: string;
  readonly value: string;
  readonly activeAt: string;
  readonly labels: Metric;
  readonly rule: string;
  readonly group: string;
  readonly file: string;
}

/** An alert as it stood when the window began. */
export interface Standing {
  readonly state: Phase;
  readonly since: string;
  readonly labels: Metric;
  readonly group: string;
  readonly file: string;
}

export interface HistoryData {
  /** Oldest first. */
  readonly transitions: readonly Transition[];
  readonly completeSince: string | null;
}

export interface StandingData {
  readonly alerts: readonly Standing[];
}

export interface Span {
  readonly phase: "pending" | "firing" | "keptFiring";
  readonly startMs: number;
  readonly endMs: number;
}

export interface TimelineRow {
  readonly labels: Metric;
  readonly spans: readonly Span[];
}

export interface TimeWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** Rows in the order in which their alerts were first seen. Inactive and resolved are gaps. */
export function timelineOf(
  standing: readonly Standing[],
  transitions: readonly Transition[],
  { startMs, endMs }: TimeWindow,
): readonly TimelineRow[] {
  const rows = new Map<string, Track>();
  for (const { labels, state, group, file } of standing) {
    rows.set(keyOf(labels, group, file), { labels, spans: [], phase: state, sinceMs: startMs });
  }
  for (const { labels, group, file, time, from, to } of transitions) {
    const atMs = Math.min(endMs, Math.max(startMs, Date.parse(time)));
    const key = keyOf(labels, group, file);
    const track = rows.get(key) ?? { labels, spans: [], phase: from, sinceMs: startMs };
    close(track, atMs);
    rows.set(key, { ...track, phase: to, sinceMs: atMs });
  }
  for (const track of rows.values()) close(track, endMs);
  return [...rows.values()].map(({ labels, spans }) => ({ labels, spans }))
    .filter(({ spans }) => spans.length > 0);
}

interface Track {
  readonly labels: Metric;
  readonly spans: Span[];
  readonly phase: Phase;
  readonly sinceMs: number;
}

function close({ spans, phase, sinceMs }: Track, endMs: number): void {
  if (phase === "inactive" || phase === "resolved" || endMs <= sinceMs) return;
  spans.push({ phase, startMs: sinceMs, endMs });
}

/** One alert may be told by two groups that have the same rule: they are two rows. */
function keyOf(labels: Metric, group: string, file: string): string {
  return JSON.stringify([file, group, ...Object.entries(labels).sort()]);
}

/** A selector of all alerts of a rule: their labels may be anything, their name is the rule's. */
export function selectorOf(alertName: string): string {
  return `{alertname=${JSON.stringify(alertName)}}`;
}
