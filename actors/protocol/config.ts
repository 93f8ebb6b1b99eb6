/** What the config actor understands: load the file again, say what is in force. */
import type { ReplyTo } from "../../lib/actor/types.ts";
import type { PrometheusConfig } from "../../lib/config/types.ts";
import type { EpochMs } from "../../lib/core/time.ts";

export type ReloadOutcome =
  | { readonly kind: "applied" }
  /** Nothing changed; the reason says where and what. */
  | { readonly kind: "rejected"; readonly reason: string };

export interface ConfigStatus {
  /** Undefined until the first load. */
  readonly config: PrometheusConfig | undefined;
  readonly lastReloadSucceeded: boolean;
  readonly lastAppliedMs: EpochMs | undefined;
}

export type ConfigCommand =
  | { readonly kind: "reload"; readonly replyTo: ReplyTo<ReloadOutcome> }
  | { readonly kind: "loaded"; readonly config: PrometheusConfig; readonly replyTo: ReplyTo<ReloadOutcome> }
  | { readonly kind: "loadFailed"; readonly reason: string; readonly replyTo: ReplyTo<ReloadOutcome> }
  | { readonly kind: "describe"; readonly replyTo: ReplyTo<ConfigStatus> };

export type ConfigEvent =
  /** Durable: which versions were in force, and when. */
  | { readonly kind: "configApplied"; readonly atMs: EpochMs; readonly digest: string }
  | { readonly kind: "configRejected"; readonly atMs: EpochMs; readonly reason: string }
  /** Not durable: the file itself is read again at each start. */
  | { readonly kind: "configHeld"; readonly config: PrometheusConfig };
