/**
 * The targets of the simulated world: `HttpClients` whose answers the test knows. Every value that is ever served
 * is a number of its own, so a sample that is read back can have come from one place only. What each scrape was
 * answered is written down; nothing here looks at the checked code.
 */
import { drawBelow } from "../../lib/core/rng.ts";
import type { Clock, HttpClient, HttpClients, HttpGet, HttpOutcome, Rng } from "../../lib/core/ports.ts";
import type { EpochMs } from "../../lib/core/time.ts";

export type Mood =
  | "up"
  | "down"
  | "status"
  | "slow"
  | "hanging"
  | "deaf"
  | "garbage"
  | "throwing"
  | "poisoned";

export const MOODS: readonly Mood[] = [
  "up",
  "up",
  "up",
  "down",
  "status",
  "slow",
  "hanging",
  "deaf",
  "garbage",
  "throwing",
  "poisoned",
];

const ORDINARY = new TextEncoder();
/** A deaf target answers long after its client should have given up. */
const DEAF_MS = 12_000;

export interface Served {
  readonly job: string;
  readonly instance: string;
  /** Of the request. */
  readonly startMs: EpochMs;
  /** Number of the client: one session of the target has one. */
  readonly session: number;
  /** Undefined while there is no answer. */
  endedMs: EpochMs | undefined;
  up: boolean;
  /** By series name as in the body; empty unless up. */
  readonly values: ReadonlyMap<string, number>;
}

export class ModelTarget {
  mood: Mood = "up";
  readonly series = new Set<number>([0, 1, 2]);
}

export class ModelTargets implements HttpClients {
  readonly served: Served[] = [];
  readonly #targets = new Map<string, ModelTarget>();
  readonly #rng: Rng;
  readonly #clock: () => Clock;
  #value = 0;
  #sessions = 0;

  constructor(rng: Rng, clock: () => Clock) {
    this.#rng = rng;
    this.#clock = clock;
  }

  of(instance: string): ModelTarget {
    let target = this.#targets.get(instance);
    if (target === undefined) this.#targets.set(instance, target = new ModelTarget());
    return target;
  }

  open(): HttpClient {
    const session = ++this.#sessions;
    return { get: (request, signal) => this.#get(request, signal, session), close: () => {} };
  }

  #get(request: HttpGet, signal: AbortSignal, session: number): Promise<HttpOutcome> {
    const { host, pathname } = new URL(request.url);
    const target = this.of(host);
    const clock = this.#clock();
    const scrape: Served = {
      job: pathname.slice("/metrics/".length),
      instance: host,
      startMs: clock.nowMs(),
      session,
      endedMs: undefined,
      up: false,
      values: new Map(),
    };
    this.served.push(scrape);
    if (target.mood === "throwing") {
      scrape.endedMs = scrape.startMs;
      throw new Error("the client broke");
    }
    return this.#answer(target, scrape, request, signal, clock);
  }

  async #answer(
    target: ModelTarget,
    scrape: Served,
    request: HttpGet,
    signal: AbortSignal,
    clock: Clock,
  ): Promise<HttpOutcome> {
    const { mood } = target;
    const body = this.#body(target, mood);
    await delay(clock, this.#delayMs(mood, request.timeoutMs));
    const inTime = clock.nowMs() - scrape.startMs < request.timeoutMs;
    scrape.endedMs = clock.nowMs();
    if (mood === "down") return { kind: "failed", reason: "connection refused" };
    if (mood === "hanging" || (!inTime && mood !== "deaf")) return { kind: "timedOut" };
    const outcome: HttpOutcome = {
      kind: "response",
      status: mood === "status" ? 503 : 200,
      statusText: mood === "status" ? "Service Unavailable" : "OK",
      contentType: "text/plain; version=0.0.4",
      body: ORDINARY.encode(body.text),
    };
    if (mood === "poisoned") return poisoned(outcome);
    if (!signal.aborted && (mood === "up" || mood === "slow")) {
      scrape.up = true;
      for (const [name, value] of body.values) (scrape.values as Map<string, number>).set(name, value);
    }
    return outcome;
  }

  #delayMs(mood: Mood, timeoutMs: number): number {
    if (mood === "hanging") return timeoutMs;
    if (mood === "deaf") return DEAF_MS;
    if (mood === "slow") return drawBelow(this.#rng, timeoutMs);
    return drawBelow(this.#rng, 20);
  }

  #body(target: ModelTarget, mood: Mood): { readonly text: string; readonly values: Map<string, number> } {
    const values = new Map<string, number>();
    let text = "# TYPE m gauge\n";
    for (const id of target.series) {
      const value = ++this.#value;
      values.set(`m{id="${id}"}`, value);
      text += `m{id="${id}"} ${value}\n`;
    }
    return { text: mood === "garbage" ? `${text}m{id="x" 1 2 3\n` : text, values };
  }
}

/** Breaks whoever looks at it: stands for a fault in the parser. */
function poisoned(outcome: HttpOutcome): HttpOutcome {
  return new Proxy(outcome, {
    get(target, name, receiver) {
      if (name === "status") throw new TypeError("the answer broke");
      return Reflect.get(target, name, receiver);
    },
  });
}

function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.at(clock.nowMs() + delayMs, resolve));
}
