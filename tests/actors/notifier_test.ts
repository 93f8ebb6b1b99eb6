import assert, { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createSimulation, type Simulated } from "../../lib/actor/simulation.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import type { ActorRef, Behavior } from "../../lib/actor/types.ts";
import type { AlertingConfig } from "../../lib/config/types.ts";
import type { Files, HttpOutcome, HttpPost, HttpPosters } from "../../lib/core/ports.ts";
import type { SentAlert } from "../../lib/notify/alert.ts";
import type { AlertmanagerDeps } from "../../actors/alertmanager.ts";
import { notifierBehavior } from "../../actors/notifier.ts";
import type {
  AlertmanagerCommand,
  AlertmanagerSetCommand,
  AlertmanagerView,
  AlertsCommand,
  NotifierCommand,
} from "../../actors/protocol/notifier.ts";
import { NotifierViews } from "../../server/notifier_views.ts";
import { memoryFiles } from "../config/memory_files.ts";
import { alert, alertingOf, alerts, namesOf } from "../notify/fixtures.ts";
import { QUIET } from "./decider.ts";

const OK: HttpOutcome = {
  kind: "response",
  status: 200,
  statusText: "OK",
  contentType: "application/json",
  body: new Uint8Array(),
};

/** Alertmanagers by host: each answers as the test says, after the time that it says. */
class Receivers implements HttpPosters {
  readonly bodies = new Map<string, string[][]>();
  readonly requests: HttpPost[] = [];
  readonly behaviors = new Map<string, { readonly outcome: HttpOutcome; readonly afterMs: number }>();
  sim: Simulated | undefined;

  open() {
    return {
      post: (request: HttpPost, signal: AbortSignal) => this.#answer(request, signal),
      close: () => {},
    };
  }

  #answer(request: HttpPost, signal: AbortSignal): Promise<HttpOutcome> {
    const { host } = new URL(request.url);
    const { outcome, afterMs } = this.behaviors.get(host) ?? { outcome: OK, afterMs: 1 };
    this.requests.push(request);
    const names = JSON.parse(new TextDecoder().decode(request.body)).map(
      (one: { readonly labels: { readonly alertname: string } }) => one.labels.alertname,
    );
    const seen = this.bodies.get(host) ?? [];
    seen.push(names);
    this.bodies.set(host, seen);
    return new Promise((resolve) => {
      const { clock } = this.sim!;
      const endMs = Math.min(afterMs, request.timeoutMs);
      const end = afterMs > request.timeoutMs ? { kind: "timedOut" as const } : outcome;
      clock.at(clock.nowMs() + endMs, () => resolve(end));
      signal.addEventListener("abort", () => resolve({ kind: "failed", reason: "context canceled" }));
    });
  }
}

interface Scene {
  readonly sim: Simulated;
  readonly receivers: Receivers;
  readonly notifier: ActorRef<NotifierCommand>;
  readonly views: NotifierViews;
  /** Taken by the receiver in the same process. */
  readonly local: SentAlert[];
  apply(alerting: AlertingConfig, externalLabels?: readonly (readonly [string, string])[]): Promise<void>;
  send(...sent: readonly SentAlert[]): void;
  viewOf(host: string): Promise<AlertmanagerView>;
  after(ms: number): Promise<void>;
}

const START_MS = 1_700_000_000_000;

async function scene(
  more: Partial<AlertmanagerDeps> = {},
  files: Files = memoryFiles({}),
): Promise<Scene> {
  const sim = createSimulation({ seed: 1, kv: new SimKv(), startMs: START_MS });
  const receivers = new Receivers();
  receivers.sim = sim;
  const local: SentAlert[] = [];
  const collector: Behavior<null, AlertsCommand, { readonly kind: "none" }> = {
    name: "collector",
    initial: () => null,
    decide: (_state, command) => {
      local.push(...command.alerts);
      return { events: [], effects: [] };
    },
    evolve: (state) => state,
    resume: () => [],
    persistence: { kind: "none" },
    supervision: {
      scope: "oneForOne",
      restartsMax: 0,
      windowMs: 1,
      backoffMs: { min: 0, max: 0 },
      directive: () => "stop",
    },
  };
  const own = await sim.spawn("alertmanager", collector);
  const notifier: ActorRef<NotifierCommand> = await sim.spawn(
    "notifier",
    notifierBehavior({
      path: "/notifier",
      receivers: [own],
      alertmanager: {
        posters: receivers,
        files,
        clock: sim.clock,
        log: QUIET,
        userAgent: "Narthex/test",
        queueCapacity: 10,
        batchSizeMax: 3,
        drains: true,
        ...more,
      },
    }),
  );
  const after = (ms: number) => sim.run(sim.clock.nowMs() + ms);
  return {
    sim,
    receivers,
    notifier,
    views: new NotifierViews(sim, notifier, 10),
    local,
    after,
    async apply(alerting, externalLabels = []) {
      sim.tell(notifier, { kind: "apply", alerting, externalLabels });
      await after(10);
    },
    send: (...sent) => void sim.tell(notifier, { kind: "alerts", alerts: sent }),
    async viewOf(host) {
      const { sets } = await sim.settle(
        sim.ask<NotifierCommand, "describe">(notifier, { kind: "describe" }, 1_000),
      );
      for (const set of sets) {
        const view = await sim.settle(
          sim.ask<AlertmanagerSetCommand, "describe">(set, { kind: "describe" }, 1_000),
        );
        const found = view.alertmanagers.find(({ url }) => new URL(url).host === host);
        if (found === undefined) continue;
        return await sim.settle(
          sim.ask<AlertmanagerCommand, "describe">(found.ref, { kind: "describe" }, 1_000),
        );
      }
      throw new Error(`no Alertmanager ${host}`);
    },
  };
}

function statics(...targets: readonly string[]): Promise<AlertingConfig> {
  return alertingOf(`  alertmanagers: [{ static_configs: [{ targets: [${targets.join(", ")}] }] }]\n`);
}

Deno.test("alerts go to every Alertmanager of every set, labelled and relabelled, and to the receiver at home", async () => {
  const { apply, send, after, receivers, local } = await scene();
  const alerting = await alertingOf(`  alert_relabel_configs:
  - { source_labels: [alertname], regex: Noise, action: drop }
  alertmanagers:
  - static_configs: [{ targets: ["a", "b"] }]
    basic_auth: { username: u, password: p }
  - static_configs: [{ targets: ["c"] }]
    alert_relabel_configs: [{ source_labels: [alertname], regex: "Only.*", action: keep }]
`);
  await apply(alerting, [["region", "eu"]]);
  send(alert("Noise"), alert("Disk"), alert("OnlyC"));
  await after(100);
  deepStrictEqual(Object.fromEntries(receivers.bodies), {
    a: [["Disk", "OnlyC"]],
    b: [["Disk", "OnlyC"]],
    c: [["OnlyC"]],
  });
  deepStrictEqual(namesOf(local), ["Disk", "OnlyC"]);
  deepStrictEqual(local[0]!.labels, ["alertname", "Disk", "region", "eu"]);
  const first = receivers.requests.find(({ url }) => url === "http://a/api/v2/alerts")!;
  deepStrictEqual(first.headers, [
    ["User-Agent", "Narthex/test"],
    ["Content-Type", "application/json"],
    ["Authorization", `Basic ${btoa("u:p")}`],
  ]);
  strictEqual(first.timeoutMs, 10_000);
});

Deno.test("one request at a time, in batches; what waits beyond the queue's capacity loses its oldest", async () => {
  const { apply, send, after, receivers, viewOf } = await scene();
  await apply(await statics("a"));
  receivers.behaviors.set("a", { outcome: OK, afterMs: 1_000 });
  send(...alerts(2)); // under way
  await after(10);
  send(...alerts(9, 10));
  send(...alerts(3, 30)); // 12 wait, and 10 may
  await after(10);
  const busy = await viewOf("a");
  strictEqual(busy.queueLength, 10);
  deepStrictEqual(busy.tallies, { sent: 0, errors: 0, dropped: 2 });
  await after(10_000);
  deepStrictEqual(receivers.bodies.get("a"), [
    ["a0", "a1"],
    ["a12", "a13", "a14"],
    ["a15", "a16", "a17"],
    ["a18", "a30", "a31"],
    ["a32"],
  ]);
  const { tallies, latency, queueLength } = await viewOf("a");
  deepStrictEqual(tallies, { sent: 12, errors: 0, dropped: 2 });
  strictEqual(queueLength, 0);
  strictEqual(latency.count, 5);
  assert(Math.abs(latency.sumSeconds - 5) < 0.1, `${latency.sumSeconds} s`);
});

Deno.test("an Alertmanager that hangs or refuses harms no other; what failed is dropped and counted, not sent again", async () => {
  const { apply, send, after, receivers, viewOf } = await scene();
  await apply(await statics("a", "hangs", "refuses"));
  receivers.behaviors.set("hangs", { outcome: OK, afterMs: 3_600_000 });
  receivers.behaviors.set("refuses", {
    outcome: { ...OK, status: 503, statusText: "Service Unavailable" },
    afterMs: 5,
  });
  for (let i = 0; i < 4; i++) {
    send(alert(`n${i}`));
    await after(1_000);
  }
  deepStrictEqual(receivers.bodies.get("a"), [["n0"], ["n1"], ["n2"], ["n3"]]);
  deepStrictEqual(receivers.bodies.get("hangs"), [["n0"]], "one request at a time");
  const refused = await viewOf("refuses");
  deepStrictEqual(refused.tallies, { sent: 0, errors: 4, dropped: 4 });
  strictEqual(refused.lastError, "bad response status 503 Service Unavailable");
  await after(7_000);
  deepStrictEqual(receivers.bodies.get("hangs"), [["n0"], ["n1", "n2", "n3"]]);
  const hung = await viewOf("hangs");
  deepStrictEqual(hung.tallies, { sent: 0, errors: 1, dropped: 1 });
  strictEqual(hung.lastError, 'Post "http://hangs/api/v2/alerts": context deadline exceeded');
  receivers.behaviors.delete("refuses");
  send(alert("later"));
  await after(100);
  strictEqual((await viewOf("refuses")).lastError, "");
  strictEqual((await viewOf("refuses")).tallies.sent, 1);
});

Deno.test("a reload keeps the queues of Alertmanagers that stay, and those that go get what waits for them", async () => {
  const { apply, send, after, receivers, views, sim } = await scene();
  await apply(await statics("a", "b"));
  for (const host of ["a", "b"]) receivers.behaviors.set(host, { outcome: OK, afterMs: 500 });
  send(alert("x"));
  await after(10);
  send(alert("y"));
  await after(10);
  await apply(await statics("b", "c"));
  const { active } = await sim.settle(views.alertmanagers());
  deepStrictEqual(active, ["http://b/api/v2/alerts", "http://c/api/v2/alerts"]);
  send(alert("z"));
  await after(5_000);
  deepStrictEqual(Object.fromEntries(receivers.bodies), {
    a: [["x"], ["y"]],
    b: [["x"], ["y", "z"]],
    c: [["z"]],
  });
  const { alertmanagers } = await sim.settle(views.snapshot());
  deepStrictEqual(alertmanagers.map(({ url, sent }) => [url, sent]), [
    ["http://b/api/v2/alerts", 3],
    ["http://c/api/v2/alerts", 1],
  ]);
});

Deno.test("an Alertmanager that comes back while it leaves goes on, whatever was faster", async () => {
  for (const pauseMs of [0, 1, 50, 600]) {
    const { apply, send, after, receivers } = await scene();
    const [ab, b] = [await statics("a", "b"), await statics("b")];
    await apply(ab);
    receivers.behaviors.set("a", { outcome: OK, afterMs: 500 });
    send(alert("x"));
    await after(10);
    await apply(b);
    await after(pauseMs);
    await apply(ab);
    send(alert("y"));
    await after(5_000);
    deepStrictEqual(receivers.bodies.get("a"), [["x"], ["y"]], `after ${pauseMs} ms`);
  }
});

Deno.test("sets that are taken out of the configuration and put back send as before", async () => {
  const { apply, send, after, receivers, views, sim } = await scene();
  await apply(await statics("a"));
  await apply(await alertingOf("  alertmanagers: []\n"));
  send(alert("nobody"));
  await after(1_000);
  deepStrictEqual((await sim.settle(views.snapshot())).alertmanagers, []);
  await apply(await statics("a"));
  send(alert("again"));
  await after(1_000);
  deepStrictEqual(receivers.bodies.get("a"), [["again"]]);
});

Deno.test("target files name Alertmanagers, and a file that changes changes them", async () => {
  const contents: Record<string, string> = { "/am.json": '[{"targets": ["a"]}]' };
  const files = {
    ...memoryFiles(contents),
    readText: (path: string) => memoryFiles(contents).readText(path),
  };
  const { apply, after, views, sim } = await scene({}, files);
  await apply(await alertingOf(`  alertmanagers: [{ file_sd_configs: [{ files: [/am.json] }] }]\n`));
  await after(1_000);
  const active = async () => (await sim.settle(views.alertmanagers())).active;
  deepStrictEqual(await active(), ["http://a/api/v2/alerts"]);
  contents["/am.json"] = '[{"targets": ["b", "c"]}]';
  await after(6_000);
  deepStrictEqual(await active(), ["http://b/api/v2/alerts", "http://c/api/v2/alerts"]);
  contents["/am.json"] = "nonsense";
  await after(6_000);
  deepStrictEqual(await active(), ["http://b/api/v2/alerts", "http://c/api/v2/alerts"], "kept");
  const [discovery] = await sim.settle(views.discovery());
  deepStrictEqual(discovery!.targets, 2);
  deepStrictEqual(discovery!.fileReadErrors, 1);
});

Deno.test("a drain ends when every queue is empty", async () => {
  const { apply, send, after, receivers, views, sim } = await scene();
  await apply(await statics("a", "b"));
  receivers.behaviors.set("a", { outcome: OK, afterMs: 2_000 });
  send(...alerts(7));
  await after(10);
  const startMs = sim.clock.nowMs();
  await sim.settle(views.drain(QUIET));
  deepStrictEqual(receivers.bodies.get("a")!.flat().length, 7);
  assert(sim.clock.nowMs() - startMs >= 5_900, `${sim.clock.nowMs() - startMs} ms`);
});

Deno.test("a drain gives an Alertmanager up that never answers", async () => {
  const { apply, send, after, receivers, views, sim } = await scene();
  await apply(await statics("hangs"));
  receivers.behaviors.set("hangs", { outcome: OK, afterMs: 3_600_000 });
  send(...alerts(10));
  await after(10);
  const startMs = sim.clock.nowMs();
  await sim.settle(views.drain(QUIET));
  const tookMs = sim.clock.nowMs() - startMs;
  assert(tookMs >= 24_000 && tookMs <= 26_000, `${tookMs} ms`);
});

Deno.test("a restarted set finds its Alertmanagers again", async () => {
  const { apply, send, after, receivers, sim } = await scene();
  await apply(await statics("a"));
  sim.crash("/notifier/config-0");
  await after(1_000);
  send(alert("x"));
  await after(1_000);
  sim.crash("/notifier");
  await after(1_000);
  send(alert("y"));
  await after(1_000);
  deepStrictEqual(receivers.bodies.get("a"), [["x"], ["y"]]);
});

Deno.test("a secret that cannot be read fails the request with the name of its file", async () => {
  const { apply, send, after, viewOf } = await scene();
  await apply(
    await alertingOf(
      `  alertmanagers: [{ authorization: { credentials_file: /gone }, static_configs: [{ targets: [a] }] }]\n`,
    ),
  );
  send(alert("x"));
  await after(100);
  const { tallies, lastError } = await viewOf("a");
  deepStrictEqual(tallies, { sent: 0, errors: 1, dropped: 1 });
  strictEqual(lastError, "open /gone: no such file or directory");
});
