/**
 * Reads the target files of a job or of a set of Alertmanagers, again and again, and tells its parent what it
 * found. A file that cannot be read or does not parse keeps the groups that it last gave.
 */
import { CHILDLESS } from "../lib/actor/childless.ts";
import { tell } from "../lib/actor/effects.ts";
import type { ActorRef, Behavior, Decision, Effect } from "../lib/actor/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import { messageOf } from "../lib/core/errors.ts";
import type { Files } from "../lib/core/ports.ts";
import type { EpochMs } from "../lib/core/time.ts";
import { readFileSd } from "../lib/discovery/file_sd.ts";
import type { FileSdConfig, TargetGroup } from "../lib/discovery/target_groups.ts";
import type { DiscoveryCommand, GroupsFoundCommand } from "./protocol/scrape.ts";

/**
 * Files are looked at this often, and at each refresh interval if that is shorter: Prometheus watches the
 * directory, and a change should be seen about as soon.
 */
const LOOK_EVERY_MS = 5_000;
const READ_TIMEOUT_MS = 30_000;

export interface FileDiscoveryOptions {
  readonly configs: readonly FileSdConfig[];
  readonly files: Files;
  readonly provider: string;
  readonly parent: ActorRef<GroupsFoundCommand>;
}

interface FileDiscoveryState {
  readonly groups: readonly TargetGroup[];
  /** Of the last answer, to tell only of changes. */
  readonly said: string;
}

type FileDiscoveryEvent = {
  readonly kind: "read";
  readonly groups: readonly TargetGroup[];
  readonly said: string;
};

export function fileDiscoveryBehavior(
  options: FileDiscoveryOptions,
): Behavior<FileDiscoveryState, DiscoveryCommand, FileDiscoveryEvent> {
  const everyMs = Math.min(LOOK_EVERY_MS, ...options.configs.map((config) => config.refreshIntervalMs));

  function decide(
    state: FileDiscoveryState,
    command: DiscoveryCommand,
    nowMs: EpochMs,
  ): Decision<DiscoveryCommand, FileDiscoveryEvent> {
    switch (command.kind) {
      case "refreshDue":
        return { events: [], effects: [readTask(state)] };
      case "refreshed": {
        const { groups, errors } = command;
        const said = JSON.stringify([groups, errors]);
        const effects: Effect<DiscoveryCommand>[] = [
          { kind: "timer", key: "refresh", atMs: nowMs + everyMs, command: { kind: "refreshDue" } },
        ];
        if (said === state.said) return { events: [], effects };
        effects.push(
          tell(options.parent, { kind: "groupsFound", provider: options.provider, groups, errors }),
        );
        return { events: [{ kind: "read", groups, said }], effects };
      }
      default:
        return assertNever(command);
    }
  }

  function readTask(state: FileDiscoveryState): Effect<DiscoveryCommand> {
    return {
      kind: "task",
      label: "read target files",
      timeoutMs: READ_TIMEOUT_MS,
      run: async () => {
        const read = { groups: [] as TargetGroup[], errors: [] as string[] };
        for (const config of options.configs) {
          const { groups, errors } = await readFileSd(config, options.files, state.groups);
          read.groups.push(...groups);
          read.errors.push(...errors.map(({ file, message }) => `${file}: ${message}`));
        }
        return { kind: "refreshed", ...read };
      },
      failed: (error) => ({ kind: "refreshed", groups: state.groups, errors: [messageOf(error)] }),
    };
  }

  return {
    name: "discovery_file",
    initial: () => ({ groups: [], said: "" }),
    decide,
    evolve: (_state, event) => ({ groups: event.groups, said: event.said }),
    resume: (state) => [readTask(state)],
    persistence: { kind: "none" },
    supervision: CHILDLESS,
  };
}
