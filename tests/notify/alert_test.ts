import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { encodeAlerts, relabelAlerts, withExternalLabels } from "../../lib/notify/alert.ts";
import { AlertQueue } from "../../lib/notify/alert_queue.ts";
import { alert, alertingOf, alerts, namesOf } from "./fixtures.ts";

Deno.test("an external label is added where an alert has none of that name, or an empty one", () => {
  const external = labelsFromRecord({ region: "eu", zone: "z" });
  const [first, second] = withExternalLabels(
    [alert("A", { region: "us" }), alert("B", { zone: "" })],
    external,
  );
  deepStrictEqual(first!.labels, labelsFromRecord({ alertname: "A", region: "us", zone: "z" }));
  deepStrictEqual(second!.labels, labelsFromRecord({ alertname: "B", region: "eu", zone: "z" }));
});

Deno.test("relabelling changes and drops alerts, and leaves the rest of them alone", async () => {
  const { alertRelabelConfigs } = await alertingOf(`  alert_relabel_configs:
  - { source_labels: [alertname], regex: Watchdog, action: drop }
  - { source_labels: [instance], regex: "([^:]+):.*", target_label: host }
  - { regex: replica, action: labeldrop }
`);
  const sent = [alert("Watchdog"), alert("Down", { instance: "box:1", replica: "a" })];
  const kept = relabelAlerts(sent, alertRelabelConfigs);
  deepStrictEqual(kept, [{
    ...sent[1]!,
    labels: labelsFromRecord({ alertname: "Down", host: "box", instance: "box:1" }),
  }]);
});

Deno.test("the body is what an Alertmanager reads: RFC 3339 times to the millisecond, records of text", () => {
  deepStrictEqual(JSON.parse(new TextDecoder().decode(encodeAlerts([alert("A", { l: "ä\n" })]))), [{
    labels: { alertname: "A", l: "ä\n" },
    annotations: { summary: 'A is "on"' },
    startsAt: "2023-11-14T22:13:20.123Z",
    endsAt: "2023-11-14T22:17:20.000Z",
    generatorURL: "http://n/graph?g0.expr=up&g0.tab=1",
  }]);
});

Deno.test("a full queue loses its oldest alerts, and of too many new ones the first", () => {
  const queue = new AlertQueue(3);
  strictEqual(queue.push(alerts(2)), 0);
  strictEqual(queue.push(alerts(2, 2)), 1);
  deepStrictEqual(namesOf(queue.head(10)), ["a1", "a2", "a3"]);
  strictEqual(queue.push(alerts(5, 10)), 5, "three old ones and two new ones");
  deepStrictEqual(namesOf(queue.head(2)), ["a12", "a13"]);
  queue.remove(2);
  deepStrictEqual(namesOf(queue.head(2)), ["a14"]);
});

Deno.test("a queue holds the newest alerts in order, and counts all that are missing", () => {
  const steps = fc.array(fc.oneof(
    fc.record({ kind: fc.constant("push" as const), count: fc.nat(7) }),
    fc.record({ kind: fc.constant("take" as const), count: fc.nat(7) }),
  ));
  fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), steps, (capacity, script) => {
    const queue = new AlertQueue(capacity);
    let model: string[] = [];
    let next = 0;
    for (const { kind, count } of script) {
      if (kind === "push") {
        const pushed = alerts(count, next);
        next += count;
        const all = [...model, ...namesOf(pushed)];
        model = all.slice(-capacity);
        strictEqual(queue.push(pushed), all.length - model.length);
      } else {
        const taken = queue.head(count);
        deepStrictEqual(namesOf(taken), model.slice(0, count));
        queue.remove(taken.length);
        model = model.slice(count);
      }
      strictEqual(queue.length, model.length);
    }
  }));
});
