/**
 * Rules in the running server: their files read at each reload, their groups' actors given queries, storage and the
 * limit they share, and what others want to know of them.
 */
import type { ActorRef, ActorSystem } from "../lib/actor/types.ts";
import type { PrometheusConfig } from "../lib/config/types.ts";
import { messageOf, UserError } from "../lib/core/errors.ts";
import type { Clock, Files, Log } from "../lib/core/ports.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { RulesSnapshot } from "../lib/http/deps.ts";
import { labelsOf } from "../lib/model/labels.ts";
import type { ParseOptions } from "../lib/promql/parse.ts";
import type { QueryEngine } from "../lib/promql/result.ts";
import { newestForState } from "../lib/rules/for_state.ts";
import { loadRules } from "../lib/rules/load.ts";
import type { RuleGroup } from "../lib/rules/rule.ts";
import { EvaluationSlots } from "../lib/rules/slots.ts";
import type { MatcherSets } from "../lib/rules/transition_log.ts";
import { vectorOf } from "../lib/rules/vector.ts";
import type { AlertHistory, AlertsAt, RuleGroupView } from "../lib/rules/view.ts";
import type { SeriesSource } from "../lib/storage/source.ts";
import type { AlertsCommand } from "../actors/protocol/notifier.ts";
import type { RuleGroupQuestion, RuleManagerCommand } from "../actors/protocol/rules.ts";
import type { ShardCommand } from "../actors/protocol/shard.ts";
import { ruleManagerBehavior } from "../actors/rule_manager.ts";
import { DurationSummary } from "./duration_summary.ts";

/** Groups answer between two stages; longer than this means that something is wrong. */
const ANSWER_TIMEOUT_MS = 10_000;
/** After so many scrapes even a rate has what it needs. */
const SETTLE_SCRAPES = 2;

export interface ServerRulesOptions {
  readonly system: ActorSystem;
  readonly storage: ActorRef<ShardCommand>;
  readonly source: SeriesSource;
  /** Without a queue; logs what it is asked. */
  readonly engine: QueryEngine;
  readonly notifier: ActorRef<AlertsCommand> | undefined;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly parse: ParseOptions;
  readonly concurrentRules: boolean;
  readonly concurrentMax: number;
  readonly samplesMax: number;
  readonly queryTimeoutMs: number;
  readonly lookbackMs: number;
  readonly outageToleranceMs: number;
  readonly gracePeriodMs: number;
  readonly resendDelayMs: number;
  /** With its path, without a slash at its end. */
  readonly externalUrl: string;
  readonly processStartMs: EpochMs;
}

export interface ServerRules {
  /** Rejects with a `UserError`, and goes on with the rules that it had, when a file is wrong. */
  apply(config: PrometheusConfig): Promise<void>;
  groups(): Promise<readonly RuleGroupView[]>;
  /** Of all groups, oldest first. */
  history(matcherSets: MatcherSets, startMs: EpochMs, endMs: EpochMs): Promise<AlertHistory>;
  stateAt(matcherSets: MatcherSets, tMs: EpochMs): Promise<AlertsAt>;
  snapshot(): Promise<RulesSnapshot>;
}

export async function startRules(options: ServerRulesOptions): Promise<ServerRules> {
  const { system, engine, source, samplesMax, queryTimeoutMs } = options;
  const slots = new EvaluationSlots(options.concurrentMax);
  const ruleDurations = new DurationSummary([0.5, 0.9, 0.99]);
  const groupDurations = new DurationSummary([0.01, 0.05, 0.5, 0.9, 0.99]);
  const manager: ActorRef<RuleManagerCommand> = await system.spawn(
    "rules",
    ruleManagerBehavior({
      path: "/rules",
      group: {
        ...options,
        slots,
        query: async ({ file, name }: RuleGroup, expr, tMs, signal, rule) => {
          const origin = { kind: "rule", file, group: name } as const;
          const result = await engine.instant(expr, tMs, {
            timeoutMs: queryTimeoutMs,
            signal,
            origin,
            ...(rule === undefined ? {} : { asker: rule }),
          });
          return vectorOf(result.value);
        },
        forState: (alertName, startMs, endMs, signal) =>
          newestForState({ source, alertName, range: { startMs, endMs }, samplesMax, signal }),
        journalFailures: () => system.stats().journalFailures,
        observeRule: (tookMs) => ruleDurations.observe(tookMs),
        observeGroup: (tookMs) => groupDurations.observe(tookMs),
      },
    }),
  );

  async function ofEach<T>(
    ask: (group: ActorRef<RuleGroupQuestion>) => Promise<T>,
  ): Promise<readonly T[]> {
    const { groups } = await system.ask<RuleManagerCommand, "groups">(
      manager,
      { kind: "groups" },
      ANSWER_TIMEOUT_MS,
    );
    return await Promise.all(groups.map(({ group }) => ask(group)));
  }

  const groups = () =>
    ofEach((group) =>
      system.ask<RuleGroupQuestion, "describe">(group, { kind: "describe" }, ANSWER_TIMEOUT_MS)
    );

  return {
    groups,
    async apply(config) {
      const wanted = await loadRules(config.ruleFiles, options.files, {
        intervalMs: config.global.evaluationIntervalMs,
        parse: options.parse,
        nameValidation: config.global.metricNameValidationScheme,
      }).catch((error) => {
        throw new UserError(
          "internal",
          `error loading rules, previous rule set restored: ${messageOf(error)}`,
          {
            cause: error,
          },
        );
      });
      const longestMs = Math.max(0, ...config.scrapeConfigs.map(({ scrapeIntervalMs }) => scrapeIntervalMs));
      system.tell(manager, {
        kind: "apply",
        groups: wanted,
        settings: {
          externalLabels: labelsOf(config.global.externalLabels),
          externalUrl: options.externalUrl,
          queryOffsetMs: config.global.ruleQueryOffsetMs,
          settleMs: Math.min(options.lookbackMs, SETTLE_SCRAPES * longestMs),
        },
      });
    },
    async history(matcherSets, startMs, endMs) {
      const question = { kind: "history", matcherSets, startMs, endMs } as const;
      const parts = await ofEach((group) =>
        system.ask<RuleGroupQuestion, "history">(group, question, ANSWER_TIMEOUT_MS)
      );
      const entries = parts.flatMap((part) => part.entries).sort((a, b) => a.atMs - b.atMs);
      return { entries, completeSinceMs: latest(parts) };
    },
    async stateAt(matcherSets, tMs) {
      const parts = await ofEach((group) =>
        system.ask<RuleGroupQuestion, "stateAt">(
          group,
          { kind: "stateAt", matcherSets, tMs },
          ANSWER_TIMEOUT_MS,
        )
      );
      return { alerts: parts.flatMap((part) => part.alerts), completeSinceMs: latest(parts) };
    },
    snapshot: async () => ({
      groups: await groups(),
      ruleDurations: ruleDurations.snapshot(),
      groupDurations: groupDurations.snapshot(),
      evaluating: slots.taken,
      waiting: slots.waiting,
    }),
  };
}

function latest(parts: readonly { readonly completeSinceMs: EpochMs | undefined }[]): EpochMs | undefined {
  const known = parts.flatMap(({ completeSinceMs }) =>
    completeSinceMs === undefined ? [] : [completeSinceMs]
  );
  return known.length === 0 ? undefined : Math.max(...known);
}
