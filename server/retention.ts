/** How long samples are kept: what flags, configuration and the Narthex file say together. */
import type { ServerArguments } from "../lib/cli/flags.ts";
import type { NarthexConfig } from "../lib/config/narthex_file.ts";
import { formatSize } from "../lib/config/schema/size.ts";
import type { PrometheusConfig } from "../lib/config/types.ts";
import { formatDurationMs } from "../lib/core/time.ts";
import type { RetentionPolicy } from "../lib/storage/retention/policy.ts";

/** Prometheus's default, used when nothing says how long or how much is kept. */
const RETENTION_MS_DEFAULT = 15 * 24 * 3600_000;

/** As Prometheus: the configuration goes before the flags, which are deprecated. */
export function retentionPolicyOf(
  flags: Extract<ServerArguments, { kind: "run" }>["flags"],
  { storage, narthex }: Pick<PrometheusConfig, "storage" | "narthex">,
): RetentionPolicy {
  const keepMs = storage.retentionMs ?? (flags["storage.tsdb.retention.time"] || undefined);
  const bytesMax = storage.retentionBytes ?? flags["storage.tsdb.retention.size"] ?? 0;
  const diskPercentMax = storage.retentionPercentage ?? 0;
  const unlimited = keepMs === undefined && bytesMax === 0 && diskPercentMax === 0;
  return {
    keepMs: unlimited ? RETENTION_MS_DEFAULT : keepMs ?? Infinity,
    bytesMax,
    diskPercentMax,
    rules: (narthex?.retention ?? []).map(({ selector, matchers, keepMs }) => ({
      matchers,
      keepMs,
      // How old samples may become does not change what is left of those that are older.
      text: selector,
    })),
    rollups: (narthex?.rollups ?? []).map(({ selector, matchers, afterMs, intervalMs }) => ({
      matchers,
      afterMs,
      intervalMs,
      text: `${selector} ${intervalMs}`,
    })),
  };
}

/** For the status page: as Prometheus writes it, the Narthex file's rules behind. */
export function describeRetention(policy: RetentionPolicy, narthex: NarthexConfig | undefined): string {
  const limits: string[] = [];
  if (policy.keepMs !== Infinity) limits.push(formatDurationMs(policy.keepMs));
  if (policy.diskPercentMax > 0) limits.push(`${policy.diskPercentMax}%`);
  else if (policy.bytesMax > 0) limits.push(formatSize(policy.bytesMax));
  const rules = [
    ...(narthex?.retention ?? []).map(({ selector, keepMs }) => `${selector} ${formatDurationMs(keepMs)}`),
    ...(narthex?.rollups ?? []).map(({ selector, afterMs, intervalMs }) =>
      `${selector || "all"} rolled up to ${formatDurationMs(intervalMs)} after ${formatDurationMs(afterMs)}`
    ),
  ];
  return [limits.join(" or "), ...rules].join("; ");
}
