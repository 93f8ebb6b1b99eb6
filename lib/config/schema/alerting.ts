/** The `alerting` section: which Alertmanagers, and how alerts are relabelled on the way. */
import { list } from "./containers.ts";
import { checkStaticTargets, DISCOVERY_FIELDS } from "./discovery.ts";
import { checkHttp, HTTP_FIELDS, settleHttp } from "./http_client.ts";
import { relabelRule } from "./relabel.ts";
import { choice, duration, optional, text } from "./scalars.ts";
import { field, keptField, type Schema, struct, type ValueOf } from "./schema.ts";
import { sigv4 } from "./remote_auth.ts";

const apiVersion = choice({
  values: ["v2"],
  message: (got) => `expected Alertmanager api version to be one of [v2] but got ${got}`,
});

const ALERTMANAGER_FIELDS = {
  ...HTTP_FIELDS,
  sigv4: field(optional(sigv4)),
  scheme: field(text, "http"),
  path_prefix: field(text),
  timeout: field(duration, 10_000),
  api_version: keptField(apiVersion, "v2"),
  relabel_configs: field(
    list(relabelRule, { nullMessage: "empty or null Alertmanager target relabeling rule" }),
  ),
  alert_relabel_configs: field(
    list(relabelRule, { nullMessage: "empty or null Alertmanager alert relabeling rule" }),
  ),
  ...DISCOVERY_FIELDS,
};
export type AlertmanagerSettings = ValueOf<typeof ALERTMANAGER_FIELDS>;

const alertmanager: Schema<AlertmanagerSettings> = struct({
  type: "config.AlertmanagerConfig",
  fields: ALERTMANAGER_FIELDS,
  check(value, reader) {
    checkHttp(value, reader);
    const auth = value.basic_auth !== undefined || value.authorization !== undefined ||
      value.oauth2 !== undefined;
    if (auth && value.sigv4 !== undefined) {
      const message = "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured";
      reader.reportOf(value, message, "sigv4");
    }
    if (value.relabel_configs.length === 0) checkStaticTargets(value, reader);
  },
  settle: settleHttp,
});

const ALERTING_FIELDS = {
  alert_relabel_configs: field(list(relabelRule, { nullMessage: "empty or null alert relabeling rule" })),
  alertmanagers: field(list(alertmanager, { nullMessage: "empty or null Alertmanager config section" })),
};
export type AlertingSettings = ValueOf<typeof ALERTING_FIELDS>;

export const alertingSection = struct({ type: "config.plain", fields: ALERTING_FIELDS });
