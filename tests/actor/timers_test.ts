import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { SimClock } from "../../lib/actor/sim_clock.ts";
import { Timers } from "../../lib/actor/timers.ts";

function runAll(clock: SimClock): void {
  while (clock.nextDueMs !== undefined) clock.step();
}

Deno.test("timers fire by time, ties in arming order, and cancelled ones never", () => {
  const armed = fc.array(fc.record({ atMs: fc.nat(20), cancel: fc.boolean() }), { maxLength: 300 });
  fc.assert(fc.property(armed, (armed) => {
    const clock = new SimClock(0);
    const timers = new Timers(clock);
    const fired: string[] = [];
    const handles = armed.map(({ atMs }, i) => timers.at(atMs, () => fired.push(`${i} at ${clock.nowMs()}`)));
    for (const [i, { cancel }] of armed.entries()) {
      if (cancel) handles[i]!.cancel();
    }
    ok(clock.armed <= 1);
    runAll(clock);
    const expected = armed
      .map(({ atMs, cancel }, i) => ({ atMs, cancel, i }))
      .filter(({ cancel }) => !cancel)
      .sort((a, b) => a.atMs - b.atMs || a.i - b.i)
      .map(({ atMs, i }) => `${i} at ${atMs}`);
    deepStrictEqual(fired, expected);
    strictEqual(timers.pending, 0);
  }));
});

Deno.test("a timer that arms itself anew at the present time does not keep the clock from going on", () => {
  const clock = new SimClock(0);
  const timers = new Timers(clock);
  let fired = 0;
  const again = () => {
    if (++fired < 5) timers.at(clock.nowMs(), again);
  };
  timers.at(0, again);
  clock.step();
  strictEqual(fired, 1);
  runAll(clock);
  strictEqual(fired, 5);
});

Deno.test("cancelling from within, and clearing, leave nothing armed", () => {
  const clock = new SimClock(0);
  const timers = new Timers(clock);
  const fired: string[] = [];
  const later = timers.at(10, () => fired.push("later"));
  timers.at(10, () => fired.push("last"));
  timers.at(5, () => later.cancel());
  runAll(clock);
  deepStrictEqual(fired, ["last"]);
  timers.at(50, () => fired.push("never"));
  timers.clear();
  strictEqual(clock.armed, 0);
});

Deno.test("a clock that jumps an hour back or forth neither holds timers up nor fires them early", () => {
  for (const jumpMs of [-3_600_000, 3_600_000]) {
    const sim = new SimClock(10_000_000);
    let skewMs = 0;
    const timers = new Timers({
      nowMs: () => sim.nowMs() + skewMs,
      monotonicMs: () => sim.monotonicMs(),
      at: (atMs, fire) => sim.at(atMs - skewMs, fire),
    });
    const fired: number[] = [];
    timers.at(10_005_000, () => fired.push(sim.monotonicMs()));
    timers.at(10_020_000, () => fired.push(sim.monotonicMs()));
    skewMs = jumpMs;
    runAll(sim);
    deepStrictEqual(fired, [10_005_000, 10_020_000]);
  }
});
