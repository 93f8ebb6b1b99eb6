import assert from "node:assert/strict";
import {
  GuardedKv,
  KV_COMMIT_TIMEOUT_MS,
  KV_HANGING_COMMITS_MAX,
  KV_READ_TIMEOUT_MS,
} from "../../lib/actor/kv_guard.ts";
import { SimClock } from "../../lib/actor/sim_clock.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import { SimLog } from "../../lib/actor/sim_log.ts";

function commitOf(key: string) {
  return { sets: [{ key: [key], value: Uint8Array.of(1) }] };
}

function guarded() {
  const clock = new SimClock(1_000_000);
  const log = new SimLog(clock);
  const inner = new SimKv({ delay: (delayMs) => clock.delay(delayMs) });
  const opened: SimKv[] = [];
  const kv = new GuardedKv(inner, {
    clock,
    log,
    open: () => {
      const next = new SimKv({ delay: (delayMs) => clock.delay(delayMs) });
      opened.push(next);
      return Promise.resolve(next);
    },
  });
  /** Lets time pass until the promise has ended. */
  const ended = async <T>(promise: Promise<T>): Promise<T | Error> => {
    let result: T | Error | undefined;
    promise.then((value) => result = value, (error) => result = error);
    for (let turn = 0; turn < 10_000 && result === undefined; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (result === undefined && clock.nextDueMs !== undefined) clock.step();
    }
    assert.ok(result !== undefined, "it ends");
    return result;
  };
  return { clock, log, inner, opened, kv, ended };
}

Deno.test("a commit that is not confirmed in time is a timeout, though it may be kept", async () => {
  const { clock, inner, kv, ended, log } = guarded();
  inner.fate = () => "keptInSilence";
  const startMs = clock.nowMs();
  const error = await ended(kv.commit(commitOf("a")));
  assert.ok(error instanceof Error);
  assert.match(error.message, /did not confirm a commit within 10s/);
  assert.equal(clock.nowMs() - startMs, KV_COMMIT_TIMEOUT_MS);
  assert.equal(inner.entries.length, 1);
  assert.equal(kv.figures().commitTimeouts, 1);
  inner.fate = () => "kept";
  await ended(kv.commit(commitOf("b")));
  const lines = log.lines.filter((line) => line.includes("commits"));
  assert.equal(lines.length, 2, lines.join("\n"));
  assert.match(lines[0]!, /does not take commits/);
  assert.match(lines[1]!, /takes commits again/);
});

Deno.test("many failures in a row are one line in the log", async () => {
  const { inner, kv, ended, log } = guarded();
  inner.fate = () => "lost";
  for (let i = 0; i < 20; i++) assert.ok(await ended(kv.commit(commitOf("a"))) instanceof Error);
  assert.equal(kv.figures().commitFailures, 20);
  assert.equal(log.lines.length, 1);
});

Deno.test("a read that is not answered in time, or is rejected, says so; a list too", async () => {
  const { clock, inner, kv, ended } = guarded();
  inner.latencyMs = () => 60_000;
  const startMs = clock.nowMs();
  const error = await ended(kv.get(["a"]));
  assert.ok(error instanceof Error && "code" in error);
  assert.equal(error.code, "timeout");
  assert.equal(clock.nowMs() - startMs, KV_READ_TIMEOUT_MS);
  inner.latencyMs = () => 0;
  inner.readFails = () => true;
  const list = async () => {
    for await (const entry of kv.list({ prefix: ["a"] })) return entry;
  };
  const rejected = await ended(list());
  assert.ok(rejected instanceof Error && "code" in rejected);
  assert.equal(rejected.code, "unavailable");
  assert.match(rejected.message, /cannot be read: The store could not be read/);
  const { readTimeouts, readFailures } = kv.figures();
  assert.deepEqual({ readTimeouts, readFailures }, { readTimeouts: 1, readFailures: 1 });
});

Deno.test("when too many commits hang, the next fails at once and the store is opened anew", async () => {
  const { clock, inner, opened, kv, ended } = guarded();
  inner.fate = () => "keptInSilence";
  for (let i = 0; i < KV_HANGING_COMMITS_MAX; i++) await ended(kv.commit(commitOf("a")));
  assert.equal(opened.length, 0);
  const beforeMs = clock.nowMs();
  const error = await ended(kv.commit(commitOf("a")));
  assert.ok(error instanceof Error);
  assert.match(error.message, /16 commits are under way/);
  assert.equal(clock.nowMs(), beforeMs);
  assert.equal(opened.length, 1);
  const kept = await ended(kv.commit(commitOf("b")));
  assert.ok(!(kept instanceof Error) && kept !== null);
  assert.equal(opened[0]!.entries.length, 1);
  assert.equal(kv.figures().reopened, 1);
});
