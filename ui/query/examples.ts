/** Graphs of what the embedded configuration scrapes, so that a first visit shows something that moves. */
import { EMPTY_PANEL, type PanelState } from "./url_state.ts";

export interface Example {
  readonly title: string;
  readonly panel: PanelState;
}

function graph(expr: string, options: { readonly stacked?: boolean } = {}): PanelState {
  return {
    ...EMPTY_PANEL,
    expr,
    tab: "graph",
    rangeMs: 5 * 60_000,
    resolution: { type: "auto", density: "medium" },
    stacked: options.stacked ?? false,
  };
}

export const EXAMPLES: readonly Example[] = [
  {
    title: "CPU",
    panel: graph('sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[1m]))', { stacked: true }),
  },
  { title: "Memory used", panel: graph("node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes") },
  { title: "Load", panel: graph('{__name__=~"node_load(1|5|15)"}') },
  {
    title: "Network in",
    panel: graph('rate(node_network_receive_bytes_total{device!="lo"}[1m])'),
  },
  { title: "Disk writes", panel: graph("rate(node_disk_written_bytes_total[1m])") },
  { title: "Scrape duration", panel: graph("scrape_duration_seconds") },
  { title: "Targets up", panel: { ...graph("up"), tab: "table" } },
];
