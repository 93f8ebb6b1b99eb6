import assert from "node:assert/strict";
import {
  eventually,
  freePort,
  hasPeer,
  pause,
  query,
  startAlertmanager,
  type Started,
  startNarthex,
} from "./processes.ts";

const missing = !(hasPeer("prometheus-alertmanager") && hasPeer("amtool"));

function peerTest(name: string, run: (directory: string) => Promise<void>): void {
  Deno.test({
    name: missing ? `${name} (skipped: prometheus-alertmanager is not installed)` : name,
    ignore: missing,
    async fn() {
      const directory = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${directory}/alertmanager.yml`, ALERTMANAGER);
        await run(directory);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

const ALERTMANAGER = `route: { receiver: nobody, group_wait: 100ms, group_by: [alertname, region] }
receivers: [{ name: nobody }]
`;

interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly status: { readonly state: string };
}

async function alertsOf(alertmanager: Started): Promise<readonly AlertmanagerAlert[]> {
  return await (await fetch(`${alertmanager.url}/api/v2/alerts`)).json();
}

function namesOf(alerts: readonly AlertmanagerAlert[]): readonly string[] {
  return alerts.map(({ labels }) => labels["alertname"]!).sort();
}

interface Exposed {
  readonly up: () => void;
  readonly down: () => void;
  readonly port: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A target whose one metric the test turns on and off. */
function exposed(): Exposed {
  let value = 1;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(`trouble{disk="/dev/a"} ${value}\ntrouble{disk="/dev/b"} ${value}\n`),
  );
  return {
    up: () => value = 1,
    down: () => value = 0,
    port: server.addr.port,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const RULES = `groups:
- name: trouble
  rules:
  - alert: Trouble
    expr: trouble > 0
    for: 1s
    labels: { severity: page }
    annotations: { summary: "{{ $labels.disk }} has {{ $value }}" }
  - alert: Secret
    expr: vector(1)
  - alert: Watchdog
    expr: vector(1)
`;

function configOf(target: number, alertmanagers: string): string {
  return `global:
  scrape_interval: 500ms
  scrape_timeout: 400ms
  evaluation_interval: 500ms
  external_labels: { region: eu }
rule_files: [rules.yml]
alerting:
  alert_relabel_configs:
  - { source_labels: [alertname], regex: Secret, action: drop }
  alertmanagers:
${alertmanagers}
scrape_configs:
- job_name: trouble
  static_configs: [{ targets: ["127.0.0.1:${target}"] }]
`;
}

async function startWith(directory: string, target: number, alertmanagers: string): Promise<Started> {
  await Deno.writeTextFile(`${directory}/rules.yml`, RULES);
  await Deno.writeTextFile(`${directory}/prometheus.yml`, configOf(target, alertmanagers));
  return await startNarthex({
    dataPath: `${directory}/narthex`,
    configPath: `${directory}/prometheus.yml`,
    flags: [
      "--rules.alert.resend-delay=1s",
      "--web.external-url=http://narthex.example/x/",
      "--web.route-prefix=/",
    ],
  });
}

async function metric(narthex: Started, name: string, url: string): Promise<number> {
  const text = await (await fetch(`${narthex.url}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name}{alertmanager="${url}"}`));
  assert(line !== undefined, `${name} of ${url} in ${text.match(/prometheus_notifications.*/g)?.join("\n")}`);
  return Number(line.slice(line.lastIndexOf(" ")));
}

peerTest(
  "a real Alertmanager receives, groups and resolves the alerts that Narthex sends",
  async (directory) => {
    await using target = exposed();
    await using alertmanager = await startAlertmanager({
      dataPath: `${directory}/am`,
      configPath: `${directory}/alertmanager.yml`,
    });
    await using narthex = await startWith(
      directory,
      target.port,
      `  - static_configs: [{ targets: ["127.0.0.1:${alertmanager.port}"] }]`,
    );
    const alerts = await eventually(
      "alerts that fire",
      () => alertsOf(alertmanager),
      (all) => all.length >= 3 && all.every(({ status }) => status.state === "active"),
    );
    assert.deepEqual(namesOf(alerts), ["Trouble", "Trouble", "Watchdog"], "Secret is dropped by relabelling");
    const first = alerts.find(({ labels }) => labels["disk"] === "/dev/a")!;
    assert.deepEqual(first.labels, {
      alertname: "Trouble",
      disk: "/dev/a",
      instance: `127.0.0.1:${target.port}`,
      job: "trouble",
      region: "eu",
      severity: "page",
    });
    assert.deepEqual(first.annotations, { summary: "/dev/a has 1" });
    assert.equal(first.generatorURL, "http://narthex.example/x/graph?g0.expr=trouble+%3E+0&g0.tab=1");
    assert(Date.parse(first.endsAt) > Date.now(), "holds until it is sent again");
    const told = await (await fetch(`${narthex.url}/api/v1/rules?type=alert&rule_name[]=Trouble`)).json();
    const [own] = told.data.groups[0].rules[0].alerts;
    const firedMs = Date.parse(first.startsAt) - Date.parse(own.activeAt);
    assert(firedMs >= 1_000 && firedMs < 10_000, `fired ${firedMs} ms after it became active`);

    const groups = await (await fetch(`${alertmanager.url}/api/v2/alerts/groups`)).json();
    const sizes = groups.map((
      group: {
        readonly labels: { readonly alertname: string; readonly region: string };
        readonly alerts: unknown[];
      },
    ) => `${group.labels.alertname} ${group.labels.region} ${group.alerts.length}`);
    assert.deepEqual(sizes.sort(), ["Trouble eu 2", "Watchdog eu 1"]);

    target.down();
    // Alertmanager lists what has not ended.
    await eventually("the alerts to resolve", () => alertsOf(alertmanager), (all) => all.length === 1);
    const amtool = await new Deno.Command("amtool", {
      args: [
        `--alertmanager.url=${alertmanager.url}`,
        "alert",
        "query",
        "--output=json",
        "alertname=Watchdog",
      ],
    }).output();
    assert.equal(JSON.parse(new TextDecoder().decode(amtool.stdout)).length, 1);
    assert.deepEqual(namesOf(await alertsOf(alertmanager)), ["Watchdog"]);

    target.up();
    await eventually("the alerts to come back", () => alertsOf(alertmanager), (all) => all.length === 3);
  },
);

peerTest(
  "Alertmanagers that hang, are gone and come back: each is told what holds, none waits for another",
  async (directory) => {
    await using target = exposed();
    const hung = Promise.withResolvers<void>();
    let asked = 0;
    const hanging = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
      asked++;
      await hung.promise;
      return new Response("late");
    });
    const comingPort = freePort();
    try {
      await using steady = await startAlertmanager({
        dataPath: `${directory}/am1`,
        configPath: `${directory}/alertmanager.yml`,
      });
      await using narthex = await startWith(
        directory,
        target.port,
        `  - timeout: 2s
    static_configs:
    - targets: ["127.0.0.1:${steady.port}", "127.0.0.1:${comingPort}", "127.0.0.1:${hanging.addr.port}"]
  - timeout: 2s
    static_configs: [{ targets: ["127.0.0.1:${steady.port}"] }]
    alert_relabel_configs:
    - { target_label: copy, replacement: "yes" }
    - { source_labels: [alertname], regex: Watchdog, action: drop }`,
      );
      const urlOf = (port: number) => `http://127.0.0.1:${port}/api/v2/alerts`;
      const startedMs = Date.now();
      const told = await eventually(
        "the steady one to be told",
        () => alertsOf(steady),
        (all) => all.length >= 5,
      );
      assert(Date.now() - startedMs < 15_000);
      assert.deepEqual(namesOf(told), ["Trouble", "Trouble", "Trouble", "Trouble", "Watchdog"]);
      assert.equal(
        told.filter(({ labels }) => labels["copy"] === "yes").length,
        2,
        "of the second set",
      );

      const listed = await (await fetch(`${narthex.url}/api/v1/alertmanagers`)).json();
      assert.deepEqual(listed.data.activeAlertmanagers.map(({ url }: { readonly url: string }) => url), [
        urlOf(steady.port),
        urlOf(comingPort),
        urlOf(hanging.addr.port),
        urlOf(steady.port),
      ]);
      // Two requests at least, each up to its timeout.
      await eventually("a second request that hangs", () => Promise.resolve(asked), (count) => count >= 2);
      assert(await metric(narthex, "prometheus_notifications_errors_total", urlOf(hanging.addr.port)) > 0);
      assert.equal(await metric(narthex, "prometheus_notifications_sent_total", urlOf(hanging.addr.port)), 0);
      assert(await metric(narthex, "prometheus_notifications_dropped_total", urlOf(comingPort)) > 0);
      assert.equal(await metric(narthex, "prometheus_notifications_errors_total", urlOf(steady.port)), 0);

      {
        await using coming = await startAlertmanager({
          dataPath: `${directory}/am2`,
          configPath: `${directory}/alertmanager.yml`,
          port: comingPort,
        });
        await eventually("the one that came to be told", () => alertsOf(coming), (all) => all.length === 3);
      }
      await pause(1_500);
      await using again = await startAlertmanager({
        dataPath: `${directory}/am3`,
        configPath: `${directory}/alertmanager.yml`,
        port: comingPort,
      });
      await eventually("it to be told again", () => alertsOf(again), (all) => all.length === 3);
      const before = await metric(narthex, "prometheus_notifications_sent_total", urlOf(steady.port));
      await eventually(
        "the steady one to be told on",
        () => metric(narthex, "prometheus_notifications_sent_total", urlOf(steady.port)),
        (sent) => sent >= before + 5,
      );
    } finally {
      hung.resolve();
      await hanging.shutdown();
    }
  },
);

peerTest(
  "a restart in the middle of an alert resolves nothing, and what happened stays known",
  async (directory) => {
    await using target = exposed();
    await using alertmanager = await startAlertmanager({
      dataPath: `${directory}/am`,
      configPath: `${directory}/alertmanager.yml`,
    });
    const sets = `  - static_configs: [{ targets: ["127.0.0.1:${alertmanager.port}"] }]`;
    const first = await startWith(directory, target.port, sets);
    const before = await eventually("alerts", () => alertsOf(alertmanager), (all) => all.length === 3);
    await first.kill("SIGTERM");
    assert.match(first.log(), /Remaining notifications drained/);
    await using second = await startWith(directory, target.port, sets);
    const history = async () => {
      const url = `${second.url}/api/v1/narthex/alerts/history?match[]={alertname="Trouble"}`;
      return (await (await fetch(url)).json()).data.transitions as readonly {
        readonly time: string;
        readonly to: string;
        readonly activeAt: string;
      }[];
    };
    await pause(3_000);
    const after = await alertsOf(alertmanager);
    const starts = (all: readonly AlertmanagerAlert[]) =>
      all.map(({ labels, startsAt }) => `${labels["alertname"]} ${labels["disk"]} ${startsAt}`).sort();
    assert.deepEqual(starts(after), starts(before), "the same alerts, since the same time");
    assert.deepEqual((await history()).map(({ to }) => to).sort(), [
      "firing",
      "firing",
      "pending",
      "pending",
    ]);

    const firedMs = Math.max(...(await history()).map(({ time }) => Date.parse(time)));
    const at = async (timeMs: number) => {
      const url = `${second.url}/api/v1/narthex/alerts/at?match[]={alertname="Trouble"}&time=${
        timeMs / 1000
      }`;
      return (await (await fetch(url)).json()).data.alerts.map(({ state }: { readonly state: string }) =>
        state
      );
    };
    assert.deepEqual(await at(firedMs), ["firing", "firing"]);
    assert.deepEqual(await at(firedMs - 300), ["pending", "pending"]);
    assert.deepEqual(await at(firedMs - 3_600_000), []);
    const series = await query(second, 'ALERTS{alertname="Trouble"}');
    assert.deepEqual(series.map(({ metric }) => metric["alertstate"]), ["firing", "firing"]);
  },
);
