/**
 * What an actor is, in types. A behaviour is pure: it decides, folds, and says what its state implies; the runtime
 * (system.ts) keeps events, folds them and only then carries out effects. No `await` inside an actor: what must
 * wait is a task, and its answer is a command. Messages are plain data that survive structured clone.
 */
import type { EpochMs } from "../core/time.ts";

export type ActorPath = `/${string}`;

export interface Tagged {
  readonly kind: string;
}

declare const accepts: unique symbol; // phantom, for the type checker only

/** An address, not an object: plain data, fit for a journal, a log line or a worker. */
export interface ActorRef<in C> {
  readonly path: ActorPath;
  readonly [accepts]?: (command: C) => void;
}

/** Where an answer goes: an actor's outstanding question, or an `ask` from outside. */
export interface ReplyTo<in R> {
  readonly path: ActorPath;
  readonly token: number;
  readonly [accepts]?: (reply: R) => void;
}

/**
 * `decide` may refuse but not change; `evolve` may change but not fail; neither awaits. A state may be a mutable
 * object that `evolve` changes in place and returns (a storage head is), as long as nobody else holds it.
 */
export interface Behavior<S, C extends Tagged, E extends Tagged> {
  /** Of the kind, for metrics: `target`, `rule_group`. The address is the parent's path and the spawn name. */
  readonly name: string;
  initial(): S;
  decide(state: S, command: C, nowMs: EpochMs): Decision<C, E>;
  evolve(state: S, event: E): S;
  /** The timers, tasks and children that `state` implies. Runs once after replay and after every restart. */
  resume(state: S, nowMs: EpochMs): readonly Effect<C>[];
  /**
   * A last word before the actor ends on a stop (not on a crash): what to tell, what to flush. By then its children
   * have ended and the commands that waited have been decided. Timers, tasks, questions and spawns are ignored from
   * the stop on; the runtime waits for `whenDurable`.
   */
  stopping?(state: S, nowMs: EpochMs): readonly Effect<C>[];
  /** Turns a child's end into a command of one's own; undefined ignores it. */
  childEnded?(name: string, reason: "stopped" | "failed"): C | undefined;
  readonly persistence: Persistence<S, E>;
  /** Of its children. */
  readonly supervision: Supervision;
  /** Commands that may wait; the next is refused and becomes a dead letter. Default `MAILBOX_CAPACITY`. */
  readonly mailboxCapacity?: number;
}

export interface Decision<C extends Tagged, E extends Tagged> {
  readonly events: readonly E[];
  readonly effects: readonly Effect<C>[];
}

/** Wishes. The runtime performs them in order, once the events are folded (and, where `ahead`, persisted). */
export type Effect<C extends Tagged> =
  | { readonly kind: "tell"; readonly to: ActorRef<never>; readonly command: Tagged } // made by tell(ref, command)
  | { readonly kind: "reply"; readonly to: ReplyTo<never>; readonly reply: unknown } // made by reply(replyTo, value)
  /**
   * Asks another actor and takes its answer as a command of one's own. Made by ask(…). An answer that does not
   * come in `timeoutMs`, or a refused question, is `failed`.
   */
  | {
    readonly kind: "ask";
    readonly to: ActorRef<never>;
    readonly question: Tagged;
    readonly timeoutMs: number;
    readonly answered: (reply: never) => C;
    readonly failed: (error: unknown) => C;
  }
  | { readonly kind: "timer"; readonly key: string; readonly atMs: EpochMs; readonly command: C } // same key replaces
  | { readonly kind: "cancelTimer"; readonly key: string }
  | {
    readonly kind: "task";
    readonly label: string;
    readonly timeoutMs: number;
    readonly run: (signal: AbortSignal) => Promise<C>;
    readonly failed: (error: unknown) => C;
  }
  /**
   * A name in use is waited for if it is stopping, and is an assertion failure otherwise. What is told to the name
   * from then on is for the new actor.
   */
  | { readonly kind: "spawn"; readonly name: string; readonly behavior: AnyBehavior }
  | { readonly kind: "stop"; readonly name: string }
  /** Carried out when every event folded so far is in the journal; asks for a flush at once. `ahead`: at once. */
  | { readonly kind: "whenDurable"; readonly effects: readonly Effect<C>[] }
  /** Drops the actor's own journal through `throughSeq` (behind only: the caller has a better copy). */
  | { readonly kind: "truncate"; readonly throughSeq: number }
  /** Ends this actor as if its parent had stopped it. */
  | { readonly kind: "stopSelf" }
  /** As `stopSelf`, for good: its journal ends with it. */
  | { readonly kind: "forgetSelf" };

// deno-lint-ignore no-explicit-any -- existential: a parent holds children of unlike types
export type AnyBehavior = Behavior<any, any, any>;

export type Persistence<S, E> =
  | { readonly kind: "none" }
  /** Journal, fold, act. An event that is not `durable` is folded only: a restart forgets it. */
  | {
    readonly kind: "ahead";
    readonly events: Codec<E>;
    /** Of what durable events made of the state, and nothing else: a snapshot stands for a replay. */
    readonly state: Codec<S>;
    readonly snapshotEvery: number;
    durable(event: E): boolean;
  }
  /**
   * Fold, act, journal in groups. The state encodes each event as it folds it, since it knows the row before, and
   * hands the records over when the runtime flushes: after `flushMs`, at `flushBytesMax`, or on `whenDurable`.
   */
  | {
    readonly kind: "behind";
    readonly flushMs: number;
    readonly flushBytesMax: number;
    /** Loads what is kept outside the journal; replay goes on after `afterSeq`. Replaces `initial`. */
    readonly open: () => Promise<{ readonly state: S; readonly afterSeq: number }>;
    readonly pendingBytes: (state: S) => number;
    /** The records since the last drain, in order; the first will be kept as `firstSeq`, the next as the next. */
    readonly drain: (state: S, firstSeq: number) => readonly Uint8Array[];
    /** Folds a drained record back. Throws a `CorruptRecordError` for bytes that it did not write. */
    readonly replay: (state: S, record: Uint8Array, seq: number) => S;
    /** Passes over records that are damaged or gone. Without it the actor does not start after such a journal. */
    readonly damaged?: (state: S, gap: JournalGap) => S;
  };

export interface Codec<T> {
  readonly version: number;
  encode(value: T): Uint8Array;
  /** Of every version ever written. */
  decode(bytes: Uint8Array, version: number): T;
}

export interface Envelope<C> {
  readonly seq: number;
  readonly command: C;
  readonly from: ActorPath;
  readonly enqueuedMs: EpochMs;
  /** 0: from outside. Else the actor's own timer or answer, void once the actor is of another generation. */
  readonly generation: number;
  /** Of the question that this command is, 0 for none. */
  readonly token: number;
}

/**
 * `resume` keeps the state and goes on (after a half-done fold it is a restart: such a state answers nobody);
 * `restart` replays. The failed command becomes a dead letter, not a retry; commands that wait go on waiting.
 */
export type Directive = "resume" | "restart" | "stop" | "escalate";
/** `startOver`: a restart without the journal, which is deleted. */
export type RecoveryDirective = "restart" | "startOver" | "escalate";

export interface Supervision {
  readonly scope: "oneForOne" | "restForOne" | "allForOne";
  /** Granted within `windowMs`; the next one escalates. */
  readonly restartsMax: number;
  readonly windowMs: number;
  readonly backoffMs: { readonly min: number; readonly max: number };
  directive(error: unknown, child: string): Directive;
  /**
   * For a child that could not be brought back from its journal. Default: `escalate`, since there is no state in
   * which it could answer; otherwise only where the child's history is worth less than its work.
   */
  unrecoverable?(error: unknown, child: string): RecoveryDirective;
}

export interface JournalRecord {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** Records that cannot be read; both ends are inside. */
export interface JournalGap {
  readonly fromSeq: number;
  readonly throughSeq: number;
  readonly reason: string;
}

export interface JournalSnapshot {
  readonly seq: number;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/**
 * Streams of opaque records, numbered from 1 without gaps. `append` keeps all of its records or none, and fails
 * unless the stream ends at `lastSeq`: one writer, or a loud error. `read` yields contiguous records or throws a
 * `JournalGapError` or a `CorruptRecordError`; with `damaged` it tells of what it has to pass over and goes on.
 */
export interface Journal {
  append(stream: ActorPath, lastSeq: number, records: readonly Uint8Array[]): Promise<number>;
  read(
    stream: ActorPath,
    afterSeq: number,
    damaged?: (gap: JournalGap) => void,
  ): AsyncIterable<JournalRecord>;
  saveSnapshot(stream: ActorPath, seq: number, version: number, bytes: Uint8Array): Promise<void>;
  loadSnapshot(stream: ActorPath): Promise<JournalSnapshot | null>;
  /** A prefix. */
  truncate(stream: ActorPath, throughSeq: number): Promise<void>;
  /** The whole stream and its snapshots: the next append begins with 1. */
  forget(stream: ActorPath): Promise<void>;
}

export type Question<C> = Extract<C, { readonly replyTo: ReplyTo<never> }>;
/** Read off the protocol, never claimed by the caller. */
export type Answer<Q> = Q extends { readonly replyTo: ReplyTo<infer R> } ? R : never;
/** A question as its asker writes it: the runtime adds `replyTo`. */
export type Asked<C extends Tagged, K extends Question<C>["kind"]> =
  & { readonly kind: K }
  & Omit<Extract<C, { readonly kind: K }>, "kind" | "replyTo">;

export interface ActorSystem {
  /** Starts a top-level actor; resolves when it has replayed and resumed, rejects when it could not. */
  spawn<S, C extends Tagged, E extends Tagged>(
    name: string,
    behavior: Behavior<S, C, E>,
  ): Promise<ActorRef<C>>;
  tell<C>(to: ActorRef<C>, command: NoInfer<C>): "queued" | "refused";
  ask<C extends Tagged, K extends Question<C>["kind"]>(
    to: ActorRef<C>,
    question: Asked<C, K>,
    timeoutMs: number,
  ): Promise<Answer<Extract<C, { readonly kind: K }>>>;
  /** Children first, last started first; flushes what is behind. */
  stop(): Promise<void>;
  stats(): SystemStats;
}

/** For `/metrics`. Counters are since the start of the system. */
export interface SystemStats {
  readonly kinds: readonly KindStats[];
  readonly deadLetters: number;
  /** Of the latest, oldest first. */
  readonly latestDeadLetters: readonly DeadLetter[];
  readonly journalRecords: number;
  readonly journalBytes: number;
  readonly journalAppendSeconds: number;
  /** Appends that the journal rejected; each is retried or fails its actor. */
  readonly journalFailures: number;
}

export interface DeadLetter {
  readonly atMs: EpochMs;
  readonly to: ActorPath;
  readonly from: ActorPath;
  readonly kind: string;
  readonly reason: string;
}

export interface KindStats {
  readonly kind: string;
  readonly actors: number;
  readonly mailboxDepth: number;
  readonly commands: number;
  readonly restarts: number;
  readonly refused: number;
}

/** The same runtime on a virtual clock, a seeded pick of the next ready actor and in-memory ports. */
export interface Simulation extends ActorSystem {
  /** Equal for equal (seed, commit). */
  readonly trace: readonly string[];
  /** Runs to `untilMs`, stopping at every due time; ties in arming order. */
  run(untilMs: EpochMs): Promise<void>;
  /** Forgets the actor's memory; it comes back from the journal. */
  crash(path: ActorPath): void;
}
