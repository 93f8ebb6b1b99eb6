import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { Mailbox } from "../../lib/actor/mailbox.ts";
import type { Envelope } from "../../lib/actor/types.ts";

function envelope(command: number): Envelope<number> {
  return { seq: command, command, from: "/", enqueuedMs: 0, generation: 0, token: 0 };
}

Deno.test("a mailbox is a bounded queue, whatever is offered and taken in which order", () => {
  const steps = fc.array(fc.constantFrom("offer", "push", "take"), { maxLength: 200 });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 20 }), (steps, capacity) => {
    const mailbox = new Mailbox<number, string>(capacity);
    const model: number[] = [];
    for (const [command, step] of steps.entries()) {
      if (step === "take") {
        strictEqual(mailbox.take()?.command, model.shift());
      } else if (step === "push") {
        mailbox.push(envelope(command));
        model.push(command);
      } else {
        const outcome = model.length < capacity ? "queued" : "refused";
        strictEqual(mailbox.offer(envelope(command)), outcome);
        if (outcome === "queued") model.push(command);
      }
      strictEqual(mailbox.depth, model.length);
    }
  }));
});

Deno.test("signals have a lane of their own, and are never refused", () => {
  const mailbox = new Mailbox<number, string>(1);
  strictEqual(mailbox.offer(envelope(1)), "queued");
  strictEqual(mailbox.offer(envelope(2)), "refused");
  mailbox.signal("stop");
  mailbox.signal("childEnded");
  strictEqual(mailbox.signalsCount, 2);
  deepStrictEqual([mailbox.takeSignal(), mailbox.takeSignal(), mailbox.takeSignal()], [
    "stop",
    "childEnded",
    undefined,
  ]);
  strictEqual(mailbox.take()?.command, 1);
});
