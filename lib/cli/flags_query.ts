/** Flags of rules, alerting and queries: Prometheus's names and defaults. Server mode only. */
import { type FlagTable, IGNORED_YET } from "./flag_types.ts";

export const QUERY_FLAGS = {
  "rules.alert.for-outage-tolerance": {
    kind: "duration",
    default: "1h",
    mode: "server",
    help: 'Max time to tolerate an outage for restoring the "for" state of an alert.',
  },
  "rules.alert.for-grace-period": {
    kind: "duration",
    default: "10m",
    mode: "server",
    help: 'Minimum duration between an alert and its restored "for" state.',
  },
  "rules.alert.resend-delay": {
    kind: "duration",
    default: "1m",
    mode: "server",
    help: "Minimum amount of time to wait before resending an alert to Alertmanager.",
  },
  "rules.max-concurrent-evals": {
    kind: "integer",
    default: "4",
    min: 1,
    mode: "server",
    help: "Global concurrency limit for independent rules that can run concurrently.",
  },
  "alertmanager.notification-queue-capacity": {
    kind: "integer",
    default: "10000",
    min: 1,
    mode: "server",
    help: "The capacity of the queue for pending Alertmanager notifications.",
    ignored: IGNORED_YET,
  },
  "alertmanager.notification-batch-size": {
    kind: "integer",
    default: "256",
    min: 1,
    mode: "server",
    help: "The maximum number of notifications per batch to send to the Alertmanager.",
    ignored: IGNORED_YET,
  },
  "alertmanager.drain-notification-queue-on-shutdown": {
    kind: "bool",
    default: "true",
    mode: "server",
    help: "Send outstanding Alertmanager notifications when shutting down.",
    ignored: IGNORED_YET,
  },
  "query.lookback-delta": {
    kind: "duration",
    default: "5m",
    min: 1,
    mode: "server",
    help:
      "The maximum lookback duration for retrieving metrics during expression evaluations and federation.",
  },
  "query.timeout": {
    kind: "duration",
    default: "2m",
    min: 1,
    mode: "server",
    help: "Maximum time a query may take before being aborted.",
  },
  "query.max-concurrency": {
    kind: "integer",
    default: "20",
    min: 1,
    mode: "server",
    help: "Maximum number of queries executed concurrently.",
  },
  "query.max-samples": {
    kind: "integer",
    default: "50000000",
    min: 1,
    mode: "server",
    help:
      "Maximum number of samples a single query can load into memory. Queries fail if they try to load more samples than this, so this also limits the number of samples a query can return.",
  },
} as const satisfies FlagTable;
