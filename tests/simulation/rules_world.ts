/**
 * Rules in the simulation: the manager and its groups over a journal that survives, beside a storage and a notifier
 * that only write down. Expressions are true by the clock. A process can be killed between any two steps.
 */
import { CHILDLESS } from "../../lib/actor/childless.ts";
import { reply } from "../../lib/actor/effects.ts";
import { createSimulation, type Simulated } from "../../lib/actor/simulation.ts";
import type { SimKv } from "../../lib/actor/sim_kv.ts";
import type { ActorRef, Behavior } from "../../lib/actor/types.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { type Labels, labelsKey } from "../../lib/model/labels.ts";
import type { ForStateSample } from "../../lib/rules/restore.ts";
import type { RuleGroup } from "../../lib/rules/rule.ts";
import { EvaluationSlots } from "../../lib/rules/slots.ts";
import type { RuleVector } from "../../lib/rules/vector.ts";
import type { AlertHistoryEntry, RuleGroupView } from "../../lib/rules/view.ts";
import type { AlertsCommand, SentAlert } from "../../actors/protocol/notifier.ts";
import type { RuleGroupQuestion, RuleManagerCommand } from "../../actors/protocol/rules.ts";
import type { ShardCommand } from "../../actors/protocol/shard.ts";
import { ruleManagerBehavior } from "../../actors/rule_manager.ts";
import { written } from "../rules/fixtures.ts";

export const START_MS = 1_767_225_600_000;

export interface Told extends SentAlert {
  readonly atMs: EpochMs;
}

/** What is left of all lives: the journal, the samples, the messages. */
export interface Remains {
  kv: SimKv | undefined;
  /** `1234 name{…} 1`, the time since the start in milliseconds. */
  readonly rows: { readonly tMs: EpochMs; readonly series: readonly string[] }[];
  readonly told: Told[];
}

export function newRemains(): Remains {
  return { kv: undefined, rows: [], told: [] };
}

export interface LifeOptions {
  readonly remains: Remains;
  readonly seed: number;
  readonly startMs: EpochMs;
  readonly groups: readonly RuleGroup[];
  /** What an expression answers at a time. */
  readonly answer: (expr: string, tMs: EpochMs) => RuleVector;
  readonly forState?: (alertName: string) => readonly ForStateSample[];
  readonly settleMs?: number;
}

export interface Life {
  readonly sim: Simulated;
  readonly manager: ActorRef<RuleManagerCommand>;
  apply(groups: readonly RuleGroup[]): void;
  views(): Promise<readonly RuleGroupView[]>;
  history(): Promise<readonly AlertHistoryEntry[]>;
}

/** Begins a life; nothing of it has run but the begin of its actors. */
export async function begin(options: LifeOptions): Promise<Life> {
  const { remains, seed, startMs } = options;
  const sim = createSimulation({ seed, startMs, ...(remains.kv === undefined ? {} : { kv: remains.kv }) });
  remains.kv = sim.kv;
  const storage = await sim.spawn("storage", scribe(remains));
  const notifier = await sim.spawn("notifier", listener(remains));
  const manager: ActorRef<RuleManagerCommand> = await sim.spawn(
    "rules",
    ruleManagerBehavior({
      path: "/rules",
      group: {
        storage,
        notifier,
        query: (_group, expr, tMs) => Promise.resolve(options.answer(expr, tMs)),
        forState: (alertName) => Promise.resolve(options.forState?.(alertName) ?? []),
        slots: new EvaluationSlots(2),
        concurrentRules: false,
        clock: sim.clock,
        log: sim.log,
        queryTimeoutMs: 120_000,
        outageToleranceMs: 3600_000,
        gracePeriodMs: 600_000,
        resendDelayMs: 60_000,
        processStartMs: startMs,
        journalFailures: () => sim.stats().journalFailures,
        observeRule: () => {},
        observeGroup: () => {},
      },
    }),
  );
  const settings = {
    externalLabels: [],
    externalUrl: "http://p",
    queryOffsetMs: 0,
    settleMs: options.settleMs ?? 0,
  };
  const apply = (groups: readonly RuleGroup[]) => void sim.tell(manager, { kind: "apply", groups, settings });
  apply(options.groups);
  const refs = async () => {
    const asked = sim.ask<RuleManagerCommand, "groups">(manager, { kind: "groups" }, 1_000);
    return (await sim.settle(asked)).groups.map(({ group }) => group);
  };
  return {
    sim,
    manager,
    apply,
    views: async () =>
      await Promise.all(
        (await refs()).map((group) =>
          sim.settle(sim.ask<RuleGroupQuestion, "describe">(group, { kind: "describe" }, 1_000))
        ),
      ),
    history: async () => {
      const entries: AlertHistoryEntry[] = [];
      const question = { kind: "history", matcherSets: [], startMs: 0, endMs: Infinity } as const;
      for (const group of await refs()) {
        const asked = sim.ask<RuleGroupQuestion, "history">(group, question, 1_000);
        entries.push(...(await sim.settle(asked)).entries);
      }
      return entries;
    },
  };
}

type Appended = Extract<ShardCommand, { readonly kind: "append" }>;

/** A storage that keeps what it is sent as text, and knows columns as a shard does. */
function scribe(remains: Remains): Behavior<null, ShardCommand, never> {
  const columns = new Map<string, number>();
  const names: Labels[] = [];
  function keep(batch: SampleBatch): Uint32Array {
    const refs = Uint32Array.from(batch.defined, (labels) => {
      const key = labelsKey(labels);
      if (!columns.has(key)) columns.set(key, names.push(labels) - 1);
      return columns.get(key)!;
    });
    for (const row of batch.rows) {
      const labels = Array.from(
        row.refs,
        (ref) => names[ref >= NEW_SERIES_BIT ? refs[ref - NEW_SERIES_BIT]! : ref]!,
      );
      remains.rows.push({ tMs: row.tMs, series: written({ labels, values: row.values }) });
    }
    return refs;
  }
  return {
    name: "scribe",
    initial: () => null,
    decide: (_state, command) => {
      if (command.kind !== "append") return { events: [], effects: [] };
      const { batches, replyTo }: Appended = command;
      const counts = { appended: 1, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 };
      const outcomes = batches.map((batch) =>
        ({ kind: "appended", epoch: 1, refs: keep(batch), counts }) as const
      );
      return { events: [], effects: [reply(replyTo, outcomes)] };
    },
    evolve: () => null,
    resume: () => [],
    persistence: { kind: "none" },
    supervision: CHILDLESS,
  };
}

function listener(remains: Remains): Behavior<null, AlertsCommand, never> {
  return {
    name: "listener",
    initial: () => null,
    decide: (_state, { alerts }, nowMs) => {
      for (const alert of alerts) remains.told.push({ ...alert, atMs: nowMs });
      return { events: [], effects: [] };
    },
    evolve: () => null,
    resume: () => [],
    persistence: { kind: "none" },
    supervision: CHILDLESS,
  };
}
