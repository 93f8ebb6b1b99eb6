import assert from "node:assert/strict";
import { soon, yieldToLoop } from "../../lib/sys/scheduler.ts";

Deno.test("calls of soon run later and in their order, whatever they cost", async () => {
  const ran: number[] = [];
  for (let i = 0; i < 40; i++) {
    soon(() => {
      const endMs = performance.now() + (i % 5 === 0 ? 3 : 0);
      while (performance.now() < endMs);
      ran.push(i);
    });
  }
  assert.deepEqual(ran, []);
  while (ran.length < 40) await yieldToLoop();
  assert.deepEqual(ran, Array.from({ length: 40 }, (_, i) => i));
});

Deno.test("a server beside steady work that yields is answered between its slices", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("ok"));
  let slices = 0;
  let answered = false;
  const probe = (async () => {
    for (let i = 0; i < 5; i++) await (await fetch(`http://127.0.0.1:${server.addr.port}/`)).text();
    answered = true;
  })();
  // Five answers need a few dozen turns; a loop that looks at its sockets every sixtieth time needs hundreds.
  while (!answered && slices < 1_000) {
    const endMs = performance.now() + 2;
    while (performance.now() < endMs);
    slices++;
    await yieldToLoop();
  }
  await probe;
  await server.shutdown();
  assert.ok(slices < 200, `five requests took ${slices} slices`);
});
