/** Answers of the API about rules and alerts, as the page's test server gives them: times are counted from its start. */
const START_MS = Date.now();

function ago(seconds: number): string {
  return new Date(START_MS - seconds * 1000).toISOString();
}

const EVALUATED = { evaluationTime: 0.0012, lastEvaluation: ago(3) };
const LABELS = { alertname: "DiskFull", disk: "/dev/a", severity: "page" };

const DISK_FULL = {
  ...EVALUATED,
  type: "alerting",
  state: "firing",
  name: "DiskFull",
  query: "disk_free < 10",
  duration: 300,
  keepFiringFor: 60,
  labels: { severity: "page" },
  annotations: { summary: "{{ $labels.disk }} is full" },
  health: "ok",
  alerts: [
    {
      labels: { ...LABELS, disk: "/dev/b" },
      annotations: { summary: "/dev/b is <b>nearly</b> full" },
      state: "pending",
      activeAt: ago(30),
      value: "9.5e+00",
    },
    {
      labels: LABELS,
      annotations: { summary: "/dev/a is full" },
      state: "firing",
      activeAt: ago(600),
      value: "1e+00",
    },
  ],
};
const QUIET = {
  ...EVALUATED,
  type: "alerting",
  state: "inactive",
  name: "AllQuiet",
  query: "vector(0) > 1",
  duration: 0,
  keepFiringFor: 0,
  labels: {},
  annotations: {},
  health: "ok",
  alerts: [],
};
const BROKEN = {
  ...EVALUATED,
  type: "recording",
  name: "job:broken:sum",
  query: "sum(a / b)",
  labels: {},
  health: "err",
  lastError: "many-to-many matching <i>not</i> allowed",
};

function group(name: string, rules: readonly object[]) {
  return { ...EVALUATED, name, file: `/etc/rules/${name}.yml`, interval: 15, limit: 0, rules };
}

function transition(secondsAgo: number, from: string, to: string, reason: string) {
  return {
    time: ago(secondsAgo),
    from,
    to,
    cause: "matched",
    reason,
    value: "1e+00",
    activeAt: ago(600),
    labels: LABELS,
    annotations: {},
    rule: "DiskFull",
    group: "disks",
    file: "/etc/rules/disks.yml",
  };
}

/** By path, whatever the parameters. */
export const RULES_ANSWERS: Readonly<Record<string, unknown>> = {
  rules: { groups: [group("disks", [DISK_FULL, QUIET]), group("sums", [BROKEN])] },
  alertmanagers: {
    activeAlertmanagers: [{ url: "http://am-1/api/v2/alerts" }, { url: "http://am-2/api/v2/alerts" }],
    droppedAlertmanagers: [],
  },
  "narthex/alerts/history": {
    transitions: [
      transition(600, "inactive", "pending", "the expression matched"),
      transition(300, "pending", "firing", "it matched for as long as 'for' says"),
    ],
    completeSince: null,
  },
  "narthex/alerts/at": { time: ago(3600), alerts: [], completeSince: null },
};
