import assert from "node:assert/strict";
import type { ActorSystem } from "../../lib/actor/types.ts";
import { UserError } from "../../lib/core/errors.ts";
import { askHead } from "../../server/head_questions.ts";

function systemThatFails(error: unknown): ActorSystem {
  return {
    spawn: () => Promise.reject(error),
    tell: () => "refused",
    ask: () => Promise.reject(error),
    stop: () => Promise.resolve(),
    stats: () => {
      throw error;
    },
  };
}

Deno.test("a journal that does not answer in time holds no query's answer back", async () => {
  const late = askHead(systemThatFails(new UserError("timeout", "No answer")), { path: "/storage" });
  await late.untilDurable();
  await assert.rejects(late.view([], { startMs: 0, endMs: 1 }, 0), /No answer/);
});

Deno.test("a mistake while waiting for the journal is not taken for a slow journal", async () => {
  const broken = askHead(systemThatFails(new TypeError("a mistake")), { path: "/storage" });
  await assert.rejects(broken.untilDurable(), /a mistake/);
});
