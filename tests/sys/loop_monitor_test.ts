import assert from "node:assert/strict";
import { watchEventLoop } from "../../lib/sys/loop_monitor.ts";

function hold(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

Deno.test("a stall while a question is answered is seen to within a tick", async () => {
  const loop = watchEventLoop();
  try {
    const answered = loop.attend();
    await new Promise((resolve) => setTimeout(resolve, 30));
    hold(80);
    await new Promise((resolve) => setTimeout(resolve, 30));
    answered();
    const { stallMsMax, stallMsTotal, counts } = loop.snapshot();
    assert.ok(stallMsMax >= 65, `${stallMsMax} ms`);
    assert.ok(stallMsTotal >= stallMsMax);
    assert.ok(counts.some(({ boundS, count }) => boundS > 0.06 && count > 0));
  } finally {
    loop.stop();
  }
});

Deno.test("timers that one stall kept waiting share its length, and tell of it without a tick", () => {
  const loop = watchEventLoop();
  try {
    const startMs = performance.now();
    hold(40);
    loop.fired(startMs + 10);
    loop.fired(startMs + 20);
    const { stallMsMax, stallMsTotal } = loop.snapshot();
    assert.ok(stallMsMax >= 30 && stallMsTotal < stallMsMax + 5, `${stallMsMax} and ${stallMsTotal} ms`);
  } finally {
    loop.stop();
  }
});
