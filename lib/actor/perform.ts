/** Carries out one effect of an actor. A wish that a stopping actor can no longer use is passed over. */
import { assertNever } from "../core/assert.ts";
import type { Cell } from "./cell.ts";
import type { AnyEffect } from "./keeper.ts";

export function performEffect(cell: Cell, effect: AnyEffect): void {
  const { runtime, path } = cell;
  const stopping = cell.status === "stopping" || cell.status === "ended";
  switch (effect.kind) {
    case "tell":
      runtime.deliver(effect.to.path, effect.command, path, 0);
      return;
    case "reply":
      return runtime.asks.answer(effect.to, effect.reply, path);
    case "ask":
      return stopping ? undefined : performAsk(cell, effect);
    case "timer":
      return stopping ? undefined : cell.wishes.setTimer(effect.key, effect.atMs, effect.command);
    case "cancelTimer":
      return cell.wishes.cancelTimer(effect.key);
    case "task":
      return stopping ? undefined : cell.wishes.startTask(effect);
    case "spawn":
      return stopping ? undefined : cell.family.spawn(effect.name, effect.behavior);
    case "stop":
      return stopping ? undefined : cell.family.stop(effect.name);
    case "whenDurable":
      return cell.whenDurable(effect.effects);
    case "truncate":
      return cell.truncate(effect.throughSeq);
    case "stopSelf":
      return stopping ? undefined : cell.signal({ kind: "stop" });
    case "forgetSelf":
      cell.forgetsJournal = true;
      return stopping ? undefined : cell.signal({ kind: "stop" });
    default:
      return assertNever(effect);
  }
}

function performAsk(cell: Cell, effect: Extract<AnyEffect, { readonly kind: "ask" }>): void {
  const { generation } = cell;
  const answered = effect.answered as (reply: unknown) => ReturnType<typeof effect.answered>;
  cell.runtime.asks.ask({
    from: cell.path,
    to: effect.to.path,
    question: effect.question,
    timeoutMs: effect.timeoutMs,
    answered: (reply) => cell.acceptOwn(generation, () => answered(reply)),
    failed: (error) => cell.acceptOwn(generation, () => effect.failed(error)),
  });
}
