/**
 * What storage acknowledged, written down beside it: a shard's behaviour is wrapped so that each row it accepts is
 * noted with its place in line. A durable append that is answered confirms everything that stood before it.
 */
import type { Behavior } from "../../lib/actor/types.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { AppendOutcome } from "../../lib/model/batch.ts";
import type { Head } from "../../lib/storage/head.ts";
import type { ShardCommand, ShardEvent } from "../../actors/protocol/shard.ts";

export const PROBE_COHORT = "probe";

export interface AcknowledgedRow {
  readonly cohort: string;
  readonly tMs: EpochMs;
  readonly atMs: EpochMs;
  /** `forSure`: a crash cannot take it any more. `perhaps`: a crash came before that was known. */
  fate: "open" | "forSure" | "perhaps";
}

export class Ledger {
  readonly rows: AcknowledgedRow[] = [];
  /** Cohorts of which storage refused a whole batch. */
  refused = 0;
  readonly #probes = new Map<EpochMs, number>();

  watch(shard: Behavior<Head, ShardCommand, ShardEvent>): Behavior<Head, ShardCommand, ShardEvent> {
    return {
      ...shard,
      decide: (head, command, nowMs) => {
        const rows = command.kind === "append"
          ? command.batches.map(({ cohort, rows }) => ({ cohort, times: rows.map(({ tMs }) => tMs) }))
          : [];
        const decision = shard.decide(head, command, nowMs);
        if (command.kind !== "append") return decision;
        const [first] = decision.effects;
        const replied = first?.kind === "whenDurable" ? first.effects[0] : first;
        if (replied?.kind !== "reply") throw new Error("an append is answered first of all");
        const outcomes = replied.reply as readonly AppendOutcome[];
        for (const [index, { cohort, times }] of rows.entries()) {
          const outcome = outcomes[index]!;
          if (outcome.kind !== "appended") {
            if (outcome.kind !== "wrongEpoch") this.refused++;
            continue;
          }
          for (const tMs of times) {
            if (cohort === PROBE_COHORT) this.#probes.set(tMs, this.rows.length);
            else this.rows.push({ cohort, tMs, atMs: nowMs, fate: "open" });
          }
        }
        return decision;
      },
    };
  }

  /** The probe with this time was answered as durable. */
  confirm(probeMs: EpochMs): void {
    const end = this.#probes.get(probeMs) ?? 0;
    for (let i = 0; i < end; i++) if (this.rows[i]!.fate === "open") this.rows[i]!.fate = "forSure";
  }

  /** Everything older is in the journal: a flush was due and the store was well. */
  confirmOlder(beforeMs: EpochMs): void {
    for (const row of this.rows) if (row.fate === "open" && row.atMs < beforeMs) row.fate = "forSure";
  }

  /** Storage lost its memory. */
  crashed(): void {
    for (const row of this.rows) if (row.fate === "open") row.fate = "perhaps";
    this.#probes.clear();
  }
}
