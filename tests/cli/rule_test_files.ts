/** Rule tests that promtool 2.42 knows all about: what a rule and a test may say, each passing and failing. */

export const RULES = `groups:
- name: chain
  rules:
  - { record: a, expr: "sum by (job) (in)" }
  - { record: b, expr: "a * 2", labels: { team: x, empty: "" } }
  - { record: "c:d", expr: "count_over_time(b[5m]) > 1" }
- name: alerts
  rules:
  - alert: High
    expr: in > 5
    for: 2m
    labels: { severity: '{{ if gt $value 8.0 }}page{{ else }}mail{{ end }}', blank: "" }
    annotations:
      summary: '{{ $labels.job }} is at {{ $value | humanize }} on {{ $externalLabels.region }} {{ $externalURL }}'
      list: '{{ range query "sum by (job) (in)" | sortByLabel "job" }}{{ .Labels.job }}={{ .Value }} {{ end }}'
      broken: '{{ first (query "nothing") }}'
  - { alert: Kept, expr: in == 3, keep_firing_for: 2m }
  - { alert: Twin, expr: "in{job='x'} > 0" }
- name: twins
  limit: 3
  rules:
  - { alert: Twin, expr: "in{job='y'} > 0", annotations: { a: b } }
  - { record: late, expr: "b offset 1m" }
`;

export const LIMITED = `groups:
- name: limited
  limit: 1
  rules:
  - { record: some, expr: in }
`;

export const MEETING = `groups:
- name: meeting
  rules:
  - { record: met, expr: in, labels: { job: one } }
`;

const SERIES = `  input_series:
  - { series: 'in{job="x"}', values: '1 2 3 6 7 8 9 _ stale 0+3x3' }
  - { series: 'in{job="y"}', values: '0x3 10-1x4 NaN Inf -Inf' }
`;

/** By file name. */
export const RULE_TESTS: Readonly<Record<string, string>> = {
  "right.yml": `rule_files: [rules.yml]
evaluation_interval: 1m
tests:
- name: all of it
  interval: 1m
  external_labels: { region: eu }
  external_url: http://prom/x
${SERIES}  promql_expr_test:
  - { expr: a, eval_time: 2m, exp_samples: [{ labels: 'a{job="x"}', value: 3 }, { labels: 'a{job="y"}', value: 0 }] }
  - { expr: 'b', eval_time: 90s, exp_samples: [{ labels: 'b{job="y",team="x"}', value: 0 }, { labels: 'b{team="x",job="x"}', value: 4 }] }
  - { expr: 'ALERTS{alertname="High"}', eval_time: 4m, exp_samples: [{ labels: 'ALERTS{alertname="High",alertstate="pending",job="x",severity="mail"}', value: 1 }, { labels: 'ALERTS{alertname="High",alertstate="pending",job="y",severity="page"}', value: 1 }] }
  - { expr: 'ALERTS_FOR_STATE{job="x",alertname="High"}', eval_time: 5m, exp_samples: [{ labels: 'ALERTS_FOR_STATE{alertname="High",job="x",severity="mail"}', value: 180 }] }
  - { expr: 'in{job="x"}', eval_time: 8m, exp_samples: [] }
  - { expr: 'nothing', eval_time: 8m }
  - { expr: 'scalar(in{job="x"})', eval_time: 1m, exp_samples: [{ value: 2 }] }
  - { expr: 'count_over_time(late[10m:])', eval_time: 6m, exp_samples: [{ labels: '{job="x",team="x"}', value: 6 }, { labels: '{job="y",team="x"}', value: 6 }] }
  alert_rule_test:
  - { eval_time: 1m, alertname: High, exp_alerts: [] }
  - eval_time: 5m30s
    alertname: High
    exp_alerts:
    - exp_labels: { job: x, severity: mail }
      exp_annotations: { summary: 'x is at 8 on eu http://prom/x', list: 'x=8 y=9 ', broken: '<error expanding template: error executing template __alert_High: template: __alert_High:1:115: executing "__alert_High" at <first (query "nothing")>: error calling first: first() called on vector with no elements>' }
  - eval_time: 2m
    alertname: Twin
    exp_alerts: [{ exp_labels: { job: x } }]
  - eval_time: 4m
    alertname: Twin
    exp_alerts: [{ exp_labels: { job: x } }, { exp_labels: { job: y }, exp_annotations: { a: b } }]
  - { eval_time: 3m, alertname: Kept, exp_alerts: [{ exp_labels: { job: x } }] }
  - { eval_time: 6m, alertname: Kept, exp_alerts: [] }
  - { eval_time: 3m, alertname: Unknown }
`,
  "wrong.yml": `rule_files: [rules.yml]
tests:
- name: all wrong
  interval: 1m
${SERIES}  promql_expr_test:
  - { expr: a, eval_time: 2m, exp_samples: [{ labels: 'a{job="x"}', value: 4 }] }
  - { expr: 'in{job="y"}', eval_time: 8m, exp_samples: [{ labels: 'in{job="y"}', value: .nan }] }
  - { expr: 'in{job="y"}', eval_time: 10m, exp_samples: [{ labels: 'in{job="y"}', value: 1.5e300 }] }
  - { expr: 'in{job="x"}', eval_time: 0s, exp_samples: [{ labels: 'in{job="x"', value: 1 }] }
  - { expr: 'up +', eval_time: 1h30m }
  - { expr: 'in[5m]', eval_time: 1m }
  - { expr: '"text"', eval_time: 1m }
  - { expr: 'nothing', eval_time: 1m, exp_samples: [{ labels: 'x{a="\\"q\\""}', value: -0.000001 }] }
  alert_rule_test:
  - { eval_time: 1m, alertname: High, exp_alerts: [{ exp_labels: { job: x } }] }
  - { eval_time: 2m, alertname: Twin, exp_alerts: [{ exp_labels: { job: x, blank: "" } }] }
  - { eval_time: 4m, alertname: Twin, exp_alerts: [] }
  - { eval_time: 4m, alertname: Kept, exp_alerts: [{ exp_labels: { job: x }, exp_annotations: { a: b } }, { exp_labels: { job: a } }] }
  - { eval_time: 2h, alertname: Twin, exp_alerts: [{}] }
`,
  "limited.yml": `rule_files: [limited.yaml]
tests: [{ interval: 1m, input_series: [{ series: 'in{a="1"}', values: '1' }, { series: 'in{a="2"}', values: '_ 1' }], promql_expr_test: [{ expr: some, eval_time: 3m }] }]
`,
  "meeting.yml": `rule_files: ['meet*.yaml']
tests: [{ interval: 30s, input_series: [{ series: 'in{job="1"}', values: '1' }, { series: 'in{job="2"}', values: '1' }] }]
`,
  "order.yml": `rule_files: [rules.yml]
group_eval_order: [twins, chain]
tests: [{ interval: 1m, input_series: [{ series: 'in{job="x"}', values: '1 2 3' }], promql_expr_test: [{ expr: late, eval_time: 1m, exp_samples: [{ labels: 'late{job="x",team="x"}', value: 2 }] }] }]
`,
  "repeated.yml": "rule_files: [rules.yml]\ngroup_eval_order: [a, b, a]\ntests: []\n",
  "nameless.yml": "tests: [{ name: n, interval: 1m, alert_rule_test: [{ eval_time: 90s }] }]\n",
  "nameless2.yml": "tests: [{ interval: 1m, alert_rule_test: [{ eval_time: 90s, exp_alerts: [] }] }]\n",
  "no_rules.yml": "rule_files: [gone.yml, 'gone*.yml']\ntests: [{ interval: 1m }]\n",
  "empty.yml": "",
  "no_tests.yml": "rule_files: [rules.yml]\n",
  "bad_values.yml": "tests: [{ interval: 1m, input_series: [{ series: up, values: '1 b 3' }] }]\n",
  "bad_series.yml": "tests: [{ interval: 1m, input_series: [{ series: 'up{a!=\"b\"}', values: '1' }] }]\n",
  "bad_range.yml": "tests: [{ interval: 1m, input_series: [{ series: 'up', values: '1+1y3' }] }]\n",
  "lines.yml": "tests: [{ interval: 1m, input_series: [{ series: 'up', values: \"1 2\\n3 4\" }] }]\n",
  "blank.yml": "tests: [{ interval: 1m, input_series: [{ series: 'up', values: \"1 2\\n\\nclear\" }] }]\n",
  "unknown.yml": "tests: [{ interval: 1m, inputs: [] }]\n",
  "types.yml": "tests: [{ interval: soon, promql_expr_test: [{ exp_samples: [{ value: one }] }] }]\n",
  "seconds.yml": `evaluation_interval: 15s
tests: [{ interval: 5s, input_series: [{ series: s, values: 0+1x100 }], promql_expr_test: [{ expr: s, eval_time: 1m7s, exp_samples: [{ labels: s, value: 12 }] }, { expr: 'max_over_time(s[1m:])', eval_time: 1m, exp_samples: [{ value: 12 }] }] }]
`,
  "many.yml":
    `tests: [{ interval: 1m, input_series: [{ series: s, values: 0+1x20000 }], promql_expr_test: [{ expr: 'count_over_time(s[14d])', eval_time: 13d, exp_samples: [{ value: 18721 }] }] }]
`,
};
