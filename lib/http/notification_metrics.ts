/** The metrics of sending alerts: Prometheus's names, a series an Alertmanager, by the URL that takes alerts. */
import { type FamilySample, labelledFamily, type MetricFamily, singleFamily } from "../client/family.ts";
import { labelsOf } from "../model/labels.ts";
import type { AlertmanagerSnapshot, NotificationsSnapshot } from "./deps.ts";

const PREFIX = "prometheus_notifications";

export function* notificationFamilies(snapshot: NotificationsSnapshot): Iterable<MetricFamily> {
  const { alertmanagers } = snapshot;
  const rows = (value: (one: AlertmanagerSnapshot) => number) =>
    alertmanagers.map((one) => [{ alertmanager: one.url }, value(one)] as const);
  yield singleFamily(
    "gauge",
    `${PREFIX}_alertmanagers_discovered`,
    "The number of alertmanagers discovered and active.",
    snapshot.discovered,
  );
  yield singleFamily(
    "gauge",
    `${PREFIX}_queue_capacity`,
    "The capacity of the alert notifications queue.",
    snapshot.queueCapacity,
  );
  yield labelledFamily(
    "gauge",
    `${PREFIX}_queue_length`,
    "The number of alert notifications in the queue.",
    rows(({ queueLength }) => queueLength),
  );
  yield labelledFamily(
    "counter",
    `${PREFIX}_sent_total`,
    "Total number of alerts sent.",
    rows(({ sent }) => sent),
  );
  yield labelledFamily(
    "counter",
    `${PREFIX}_errors_total`,
    "Total number of sent alerts affected by errors.",
    rows(({ errors }) => errors),
  );
  yield labelledFamily(
    "counter",
    `${PREFIX}_dropped_total`,
    "Total number of alerts dropped due to errors when sending to Alertmanager.",
    rows(({ dropped }) => dropped),
  );
  yield latencyFamily(alertmanagers);
}

function latencyFamily(alertmanagers: readonly AlertmanagerSnapshot[]): MetricFamily {
  const samples: FamilySample[] = [];
  for (const { url, latency } of alertmanagers) {
    const labels = labelsOf([["alertmanager", url]]);
    for (const [quantile, value] of latency.quantiles) {
      samples.push({ suffix: "", labels, bound: { label: "quantile", value: quantile }, value });
    }
    samples.push({ suffix: "_sum", labels, value: latency.sumSeconds });
    samples.push({ suffix: "_count", labels, value: latency.count });
  }
  return {
    name: `${PREFIX}_latency_seconds`,
    help: "Latency quantiles for sending alert notifications.",
    type: "summary",
    samples,
  };
}
