import assert from "node:assert/strict";
import { SharedTimer } from "../../lib/sys/shared_timer.ts";

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("alarms go off in order of time and of setting, never early, and those called off not at all", async () => {
  const timer = new SharedTimer();
  const startMs = performance.now();
  const seen: string[] = [];
  const early: string[] = [];
  const set = (name: string, ms: number) =>
    timer.at(startMs + ms, () => {
      seen.push(name);
      if (performance.now() < startMs + ms) early.push(name);
    });
  set("late", 30);
  set("first", 10);
  set("second", 10);
  const off = set("off", 5);
  off.cancel();
  off.cancel();
  const chained = set("chained", 40);
  timer.at(startMs + 20, () => chained.cancel());
  timer.at(startMs + 20, () => set("nested", 25));
  await after(60);
  assert.deepEqual(seen, ["first", "second", "nested", "late"]);
  assert.deepEqual(early, []);
});

Deno.test("an alarm called off by one of its own millisecond does not go off; what is past goes off soon", async () => {
  const timer = new SharedTimer();
  const seen: string[] = [];
  const atMs = performance.now() + 5;
  const alarms: { cancel(): void }[] = [];
  timer.at(atMs, () => {
    seen.push("a");
    alarms[0]!.cancel();
  });
  alarms.push(timer.at(atMs, () => seen.push("b")));
  timer.at(-1, () => seen.push("past"));
  await after(30);
  assert.deepEqual(seen, ["past", "a"]);
});

Deno.test("an alarm that throws takes none of the others with it", async () => {
  const timer = new SharedTimer();
  const seen: string[] = [];
  const thrown = Promise.withResolvers<Error>();
  const listen = (event: ErrorEvent) => {
    event.preventDefault();
    thrown.resolve(event.error);
  };
  globalThis.addEventListener("error", listen);
  try {
    const atMs = performance.now() + 5;
    timer.at(atMs, () => {
      throw new Error("an alarm's own fault");
    });
    timer.at(atMs, () => seen.push("same millisecond"));
    timer.at(atMs + 10, () => seen.push("later"));
    assert.equal((await thrown.promise).message, "an alarm's own fault");
    await after(40);
    assert.deepEqual(seen, ["same millisecond", "later"]);
  } finally {
    globalThis.removeEventListener("error", listen);
  }
});
