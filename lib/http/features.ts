/** What this server can do, for clients that ask before they use it. Only what is there and on is named true. */
import { FUNCTIONS } from "../promql/functions_table.ts";
import type { HttpDeps } from "./deps.ts";

export type Features = Readonly<Record<string, Readonly<Record<string, boolean>>>>;

const OPERATORS =
  "!= !~ % * + - / < <= == =~ > >= @ ^ and atan2 avg bottomk count count_values group max min or quantile stddev " +
  "stdvar sum topk unless";
const EXPERIMENTAL_OPERATORS = "limit_ratio limitk";

const PROMQL =
  "at_modifier bool by duration_expr group_left group_right ignoring negative_offset offset on per_query_lookback_delta " +
  "subqueries without";

/** As Prometheus, sorted by name within each group. */
export function featuresOf({ options, parse = {}, enabledFeatures = [] }: HttpDeps): Features {
  const enabled = new Set(enabledFeatures);
  const experimental = parse.experimentalFunctions ?? false;
  const extended = parse.extendedRangeSelectors ?? false;
  const fill = parse.binopFillModifiers ?? false;
  const functions: Record<string, boolean> = {};
  for (const { name, experimental: isExperimental } of FUNCTIONS.values()) {
    functions[name] = !isExperimental || experimental;
  }
  return {
    api: {
      admin: options.enableAdminApi,
      exclude_alerts: false,
      label_values_match: true,
      lifecycle: options.enableLifecycle,
      otlp_write_receiver: false,
      query_stats: true,
      query_warnings: true,
      remote_read: false,
      remote_write_receiver: options.enableRemoteWriteReceiver,
      search: false,
      time_range_labels: true,
      time_range_series: true,
    },
    otlp_receiver: { delta_conversion: false, native_delta_ingestion: false },
    prometheus: { agent_mode: false, auto_reload_config: false, server_mode: true },
    promql: sorted({
      ...allOf(PROMQL, true),
      anchored: extended,
      delayed_name_removal: enabled.has("promql-delayed-name-removal"),
      fill,
      fill_left: fill,
      fill_right: fill,
      per_step_stats: enabled.has("promql-per-step-stats"),
      smoothed: extended,
      type_and_unit_labels: enabled.has("type-and-unit-labels"),
    }),
    promql_functions: sorted(functions),
    promql_operators: sorted({ ...allOf(OPERATORS, true), ...allOf(EXPERIMENTAL_OPERATORS, experimental) }),
    rules: {
      concurrent_rule_eval: enabled.has("concurrent-rule-eval"),
      keep_firing_for: true,
      query_offset: true,
    },
    scrape: {
      extra_scrape_metrics: true,
      start_timestamp_zero_ingestion: false,
      type_and_unit_labels: enabled.has("type-and-unit-labels"),
    },
    service_discovery_providers: { file: true, static: true },
    tsdb: {
      delayed_compaction: false,
      exemplar_storage: enabled.has("exemplar-storage"),
      native_histograms: true,
    },
  };
}

function allOf(names: string, value: boolean): Record<string, boolean> {
  return Object.fromEntries(names.split(" ").map((name) => [name, value]));
}

function sorted(features: Readonly<Record<string, boolean>>): Record<string, boolean> {
  return Object.fromEntries(Object.entries(features).sort(([a], [b]) => a < b ? -1 : 1));
}
