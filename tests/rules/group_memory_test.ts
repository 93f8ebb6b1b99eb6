import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  foldGroup,
  type GroupEvent,
  groupEventCodec,
  groupMemoryCodec,
  isDurable,
  newMemory,
} from "../../lib/rules/group_memory.ts";
import {
  type LoggedTransition,
  TransitionLog,
  TRANSITIONS_AGE_MS_MAX,
  TRANSITIONS_MAX,
} from "../../lib/rules/transition_log.ts";
import { matcherOf } from "../../lib/model/matchers.ts";

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const textOf = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

Deno.test("journals of rule groups of version 1 decode, and a snapshot stands for their replay", () => {
  const path = new URL("../actors/golden/rule_group_events_v1.json", import.meta.url);
  const { version, events, snapshot } = JSON.parse(Deno.readTextFileSync(path));
  let memory = newMemory();
  for (const written of events) {
    const event = groupEventCodec.decode(bytesOf(written), version);
    ok(isDurable(event));
    deepStrictEqual(textOf(groupEventCodec.encode(event)), written);
    memory = foldGroup(memory, event);
  }
  deepStrictEqual(textOf(groupMemoryCodec.encode(memory)), snapshot);
  const restored = groupMemoryCodec.decode(bytesOf(snapshot), version);
  deepStrictEqual(textOf(groupMemoryCodec.encode(restored)), snapshot);
  const [key] = [...restored.rules.keys()];
  deepStrictEqual(
    [...restored.rules.get(key!)!.alerts.values()],
    [...memory.rules.get(key!)!.alerts.values()].map(
      (alert) => Object.fromEntries(Object.entries(alert).filter(([, value]) => value !== undefined)),
    ),
  );
  deepStrictEqual(restored.log.entries, memory.log.entries);
  ok(Number.isNaN(memory.log.entries[0]!.value));
});

Deno.test("an event of this life only is refused by the journal's codec", () => {
  const event: GroupEvent = { kind: "stageEnded" };
  let refused = "";
  try {
    groupEventCodec.encode(event);
  } catch (error) {
    refused = String(error);
  }
  strictEqual(refused, "TypeError: an event of this life only: stageEnded");
});

function entry(i: string, atMs: number, to: LoggedTransition["to"]): LoggedTransition {
  return {
    rule: "r",
    labels: ["alertname", "A", "i", i],
    annotations: [],
    atMs,
    from: "inactive",
    to,
    value: 1,
    cause: "matched",
    activeAtMs: atMs,
  };
}

Deno.test("the log answers what happened between two times and how it was at one, by matchers", () => {
  const log = new TransitionLog();
  log.push([
    entry("a", 10, "pending"),
    entry("b", 10, "firing"),
    entry("a", 20, "firing"),
    entry("b", 30, "inactive"),
  ]);
  const b = [[matcherOf("=", "i", "b")]];
  deepStrictEqual(log.between(10, 20, []).map(({ atMs }) => atMs), [10, 10, 20]);
  deepStrictEqual(log.between(0, 99, b).map(({ to }) => to), ["firing", "inactive"]);
  deepStrictEqual(log.at(15, []).map(({ to }) => to), ["pending", "firing"]);
  deepStrictEqual(log.at(30, []).map(({ to }) => to), ["firing"]);
  deepStrictEqual(log.at(30, b), []);
  deepStrictEqual(log.at(9, []), []);
});

Deno.test("a full log forgets its oldest transitions, but not how an alert that goes on had begun", () => {
  const log = new TransitionLog();
  log.push([entry("long", 0, "firing")]);
  for (let i = 1; i <= TRANSITIONS_MAX; i++) log.push([entry("x", i, i % 2 === 0 ? "inactive" : "pending")]);
  ok(log.entries.length <= TRANSITIONS_MAX && log.entries.length > TRANSITIONS_MAX - 1_000);
  ok(log.droppedThroughMs! > 0);
  deepStrictEqual(log.at(TRANSITIONS_MAX, []).map(({ labels, atMs }) => [labels[3], atMs]), [["long", 0]]);
  const again = new TransitionLog(log.entries, log.before, log.droppedThroughMs);
  deepStrictEqual(again.at(TRANSITIONS_MAX, []), log.at(TRANSITIONS_MAX, []));
});

Deno.test("what is older than thirty days goes, as soon as it is worth it", () => {
  const log = new TransitionLog();
  for (let i = 0; i < 600; i++) log.push([entry("x", i, "inactive")]);
  log.push([entry("y", TRANSITIONS_AGE_MS_MAX + 10_000, "firing")]);
  deepStrictEqual(log.entries.map(({ labels }) => labels[3]), ["y"]);
});
