/** Every route of the server, as a table. Paths stand below the route prefix. */
import * as admin from "./api_admin.ts";
import * as history from "./api_alert_history.ts";
import * as query from "./api_query.ts";
import * as rules from "./api_rules.ts";
import * as series from "./api_series.ts";
import * as status from "./api_status.ts";
import * as targets from "./api_targets.ts";
import { consolePage } from "./console.ts";
import { federate } from "./federate.ts";
import * as management from "./management.ts";
import { metricsRoute } from "./metrics_route.ts";
import { apiRoute, GET, GET_POST, plainRoute, POST_PUT, type Route } from "./route.ts";
import type { SelfMetrics } from "./self_metrics.ts";
import { indexPage, toQueryPage, UI_PATHS } from "./ui.ts";
import { remoteWrite } from "./write_route.ts";

export function routesOf(self: SelfMetrics): readonly Route[] {
  return [
    apiRoute(GET_POST, "/query", query.query),
    apiRoute(GET_POST, "/query_range", query.queryRange),
    apiRoute(GET_POST, "/narthex/explain", query.explainQuery),
    apiRoute(GET_POST, "/query_exemplars", query.queryExemplars),
    apiRoute(GET_POST, "/format_query", query.formatQuery),
    apiRoute(GET_POST, "/parse_query", query.parseQuery),
    apiRoute(GET_POST, "/series", series.series),
    apiRoute(GET_POST, "/labels", series.labelNames),
    apiRoute(GET, "/label/:name/values", series.labelValues),
    apiRoute(GET, "/targets", targets.targets),
    apiRoute(GET, "/targets/metadata", targets.targetsMetadata),
    apiRoute(GET, "/metadata", targets.metadata),
    apiRoute(GET, "/scrape_pools", targets.scrapePools),
    apiRoute(GET, "/scrape_pools/config", targets.scrapePoolConfig),
    apiRoute(GET, "/rules", rules.rules),
    apiRoute(GET, "/alerts", rules.alerts),
    apiRoute(GET, "/alertmanagers", rules.alertmanagers),
    apiRoute(GET, "/narthex/alerts/history", history.alertHistory),
    apiRoute(GET, "/narthex/alerts/at", history.alertsAt),
    apiRoute(GET, "/status/config", status.config),
    apiRoute(GET, "/status/flags", status.flags),
    apiRoute(GET, "/status/buildinfo", status.buildInfo),
    apiRoute(GET, "/status/runtimeinfo", status.runtimeInfo),
    apiRoute(GET, "/status/tsdb", status.tsdbStatus),
    apiRoute(GET, "/status/tsdb/blocks", status.tsdbBlocks),
    apiRoute(GET, "/status/walreplay", status.walReplay, "always"),
    apiRoute(GET, "/features", status.features),
    apiRoute(GET, "/notifications", status.notifications, "always"),
    apiRoute(POST_PUT, "/admin/tsdb/delete_series", admin.deleteSeries),
    apiRoute(POST_PUT, "/admin/tsdb/clean_tombstones", admin.cleanTombstones),
    apiRoute(POST_PUT, "/admin/tsdb/snapshot", admin.snapshot),
    { ...apiRoute(["POST"], "/write", remoteWrite), errors: "plain" },
    plainRoute(GET, "/-/healthy", management.healthy),
    { ...plainRoute(GET, "/-/ready", management.ready), access: "ready" },
    plainRoute(POST_PUT, "/-/reload", management.reload),
    plainRoute(GET, "/-/reload", management.postOrPutOnly),
    plainRoute(POST_PUT, "/-/quit", management.quit),
    plainRoute(GET, "/-/quit", management.postOrPutOnly),
    plainRoute(GET, "/version", management.version),
    plainRoute(GET, "/metrics", metricsRoute(self)),
    { ...plainRoute(GET, "/federate", federate), access: "ready" },
    { ...plainRoute(GET, "/consoles/*filepath", consolePage), access: "ready" },
    plainRoute(GET, "/", toQueryPage),
    plainRoute(GET, "/graph", toQueryPage),
    ...UI_PATHS.map((path) => plainRoute(GET, path, indexPage)),
  ];
}
