/**
 * Panels as they stand in the address: Prometheus's parameters (`g0.expr`, `g0.tab`, `g0.range_input` …), so that
 * a link written for Prometheus opens here and the other way round. Pure, and without a browser.
 */
import { formatDuration, formatTime, parseDuration, parseTime } from "../format.ts";

export type Density = "low" | "medium" | "high";
export type Resolution =
  | { readonly type: "auto"; readonly density: Density }
  | { readonly type: "fixed"; readonly stepMs: number };

export interface PanelState {
  readonly expr: string;
  readonly tab: "table" | "graph";
  readonly rangeMs: number;
  /** Of the graph; undefined: now. */
  readonly endMs: number | undefined;
  /** Of the table; undefined: now. */
  readonly momentMs: number | undefined;
  readonly resolution: Resolution;
  readonly stacked: boolean;
}

export const EMPTY_PANEL: PanelState = {
  expr: "",
  tab: "table",
  rangeMs: 3_600_000,
  endMs: undefined,
  momentMs: undefined,
  resolution: { type: "auto", density: "medium" },
  stacked: false,
};

/** A link with more panels than this is cut off: each runs a query at once. */
const PANELS_MAX = 50;

/** Points across the range, as Prometheus's densities. */
const DENSITY_POINTS: Readonly<Record<Density, number>> = { low: 100, medium: 250, high: 750 };

/** The server refuses more points than this a series. */
const POINTS_MAX = 11_000;

export function stepMsOf({ resolution, rangeMs }: PanelState): number {
  if (resolution.type === "fixed") return Math.max(resolution.stepMs, Math.ceil(rangeMs / POINTS_MAX));
  const stepMs = rangeMs / DENSITY_POINTS[resolution.density];
  return Math.max(1000, Math.floor(stepMs / 1000) * 1000);
}

export function encodePanels(panels: readonly PanelState[]): string {
  const parameters = new URLSearchParams();
  panels.forEach((panel, i) => {
    const set = (name: string, value: string) => parameters.set(`g${i}.${name}`, value);
    set("expr", panel.expr);
    set("tab", panel.tab);
    set("range_input", formatDuration(panel.rangeMs));
    if (panel.endMs !== undefined) set("end_input", formatTime(panel.endMs, "utc"));
    if (panel.momentMs !== undefined) set("moment_input", formatTime(panel.momentMs, "utc"));
    set("res_type", panel.resolution.type);
    if (panel.resolution.type === "auto") set("res_density", panel.resolution.density);
    else set("res_step", String(panel.resolution.stepMs / 1000));
    set("display_mode", panel.stacked ? "stacked" : "lines");
  });
  return parameters.toString();
}

/** Parameters that are missing or not understood take their default. */
export function decodePanels(search: string): PanelState[] {
  const parameters = new URLSearchParams(search);
  const panels: PanelState[] = [];
  for (let i = 0; i < PANELS_MAX; i++) {
    const get = (name: string) => parameters.get(`g${i}.${name}`) ?? undefined;
    if (get("expr") === undefined && get("tab") === undefined) break;
    const time = (name: string) => parseTime(get(name) ?? "", "utc");
    const tab = get("tab");
    panels.push({
      expr: get("expr") ?? "",
      // The page before Prometheus 3 wrote 0 for the graph and 1 for the table.
      tab: tab === "graph" || tab === "0" ? "graph" : "table",
      rangeMs: parseDuration(get("range_input") ?? "") ?? EMPTY_PANEL.rangeMs,
      endMs: time("end_input"),
      momentMs: time("moment_input"),
      resolution: decodeResolution(get),
      stacked: get("display_mode") === "stacked" || get("stacked") === "1",
    });
  }
  return panels;
}

function decodeResolution(get: (name: string) => string | undefined): Resolution {
  const stepMs = parseDuration(
    (get("res_type") === "auto" ? undefined : get("res_step") ?? get("step_input")) ?? "",
  );
  if (stepMs !== undefined) return { type: "fixed", stepMs };
  const density = get("res_density");
  return { type: "auto", density: density === "low" || density === "high" ? density : "medium" };
}
