import { deepStrictEqual } from "node:assert/strict";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { alertmanagersOf } from "../../lib/notify/alertmanagers.ts";
import { setOf } from "./fixtures.ts";

Deno.test("addresses are made of scheme, address, prefix and the path of the API, each once", async () => {
  const cases: readonly (readonly [yaml: string, urls: readonly string[]])[] = [
    ["  - { static_configs: [{ targets: ['a:9093', 'b:1', 'a:9093'] }] }", [
      "http://a:9093/api/v2/alerts",
      "http://b:1/api/v2/alerts",
    ]],
    ["  - { scheme: https, path_prefix: /am/, static_configs: [{ targets: [a] }] }", [
      "https://a/am/api/v2/alerts",
    ]],
    ["  - { path_prefix: am//x, static_configs: [{ targets: [a] }] }", ["http://a/am/x/api/v2/alerts"]],
    ["  - { static_configs: [{ targets: [a], labels: { __scheme__: https, __alerts_path__: /p } }] }", [
      "https://a/p",
    ]],
  ];
  for (const [yaml, urls] of cases) {
    const config = await setOf(yaml);
    deepStrictEqual(
      alertmanagersOf(config, config.staticConfigs),
      { active: urls, dropped: [], errors: [] },
      yaml,
    );
  }
});

Deno.test("relabelling moves Alertmanagers, drops them, and names those that cannot be reached", async () => {
  const config = await setOf(`  - path_prefix: /x
    relabel_configs:
    - { source_labels: [__address__], regex: "gone.*", action: drop }
    - { source_labels: [__meta_port], regex: "(.+)", target_label: __address__, replacement: "moved:$1" }
    - { source_labels: [tls], regex: "yes", target_label: __scheme__, replacement: https }
    - { source_labels: [path], regex: "(.+)", target_label: __alerts_path__ }
`);
  const targets = [
    { __address__: "gone:1" },
    { __address__: "a", __meta_port: "7" },
    { __address__: "b", tls: "yes", path: "/api/v9/alerts" },
    { __address__: "c/d" },
    { __address__: "" },
    // As Prometheus: the configuration wins over what the target itself says.
    { __address__: "e", __scheme__: "https" },
  ];
  const group = { source: "f:0", targets: targets.map(labelsFromRecord), labels: [] };
  deepStrictEqual(alertmanagersOf(config, [group]), {
    active: ["http://moved:7/x/api/v2/alerts", "https://b/api/v9/alerts", "http://e/x/api/v2/alerts"],
    dropped: ["http://gone:1/x/api/v2/alerts"],
    errors: ['instance 3 in group f:0: "c/d" is not a valid hostname', "instance 4 in group f:0: no address"],
  });
});
