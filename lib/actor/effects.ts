/** Makers of effects: they check a command against the protocol of its receiver, which the plain objects cannot. */
import type { ActorRef, Answer, Asked, Effect, Question, ReplyTo, Tagged } from "./types.ts";

export function tell<C extends Tagged>(to: ActorRef<C>, command: NoInfer<C>): Effect<never> {
  return { kind: "tell", to: to as ActorRef<never>, command };
}

export function reply<R>(to: ReplyTo<R>, value: NoInfer<R>): Effect<never> {
  return { kind: "reply", to: to as ReplyTo<never>, reply: value };
}

export interface AskOptions<C extends Tagged, K extends Question<C>["kind"], Own extends Tagged> {
  readonly to: ActorRef<C>;
  readonly question: Asked<C, K>;
  readonly timeoutMs: number;
  readonly answered: (reply: Answer<Extract<C, { readonly kind: K }>>) => Own;
  readonly failed: (error: unknown) => Own;
}

export function ask<C extends Tagged, K extends Question<C>["kind"], Own extends Tagged>(
  options: AskOptions<C, K, Own>,
): Effect<Own> {
  const { to, question, timeoutMs, answered, failed } = options;
  return {
    kind: "ask",
    to: to as ActorRef<never>,
    question,
    timeoutMs,
    answered: answered as (reply: never) => Own,
    failed,
  };
}
