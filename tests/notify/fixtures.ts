/** Configurations of alerting as the server would load them, and alerts. */
import { loadConfig } from "../../lib/config/load.ts";
import type { AlertingConfig } from "../../lib/config/types.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import type { SentAlert } from "../../lib/notify/alert.ts";
import { memoryFiles, noEnv } from "../config/memory_files.ts";

/** `yaml` stands below `alerting:`, indented by two. */
export async function alertingOf(yaml: string): Promise<AlertingConfig> {
  const files = memoryFiles({ "/p.yml": `alerting:\n${yaml}` });
  return (await loadConfig("/p.yml", files, noEnv)).alerting;
}

export async function setOf(yaml: string) {
  const { alertmanagers } = await alertingOf(`  alertmanagers:\n${yaml}`);
  return alertmanagers[0]!;
}

export function alert(name: string, labels: Readonly<Record<string, string>> = {}): SentAlert {
  return {
    labels: labelsFromRecord({ alertname: name, ...labels }),
    annotations: [["summary", `${name} is "on"`]],
    startsAtMs: 1_700_000_000_123,
    endsAtMs: 1_700_000_240_000,
    generatorUrl: "http://n/graph?g0.expr=up&g0.tab=1",
  };
}

export function alerts(count: number, from = 0): readonly SentAlert[] {
  return Array.from({ length: count }, (_, i) => alert(`a${from + i}`));
}

export function namesOf(sent: readonly SentAlert[]): readonly string[] {
  return sent.map(({ labels }) => labels[labels.indexOf("alertname") + 1]!);
}
