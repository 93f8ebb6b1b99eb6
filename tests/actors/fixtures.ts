/** Configurations as the server would load them, and the targets that they make. */
import { loadConfig } from "../../lib/config/load.ts";
import type { ScrapeConfig } from "../../lib/config/types.ts";
import { type DiscoveredTarget, targetsOf } from "../../lib/discovery/targets.ts";
import { targetNameOf } from "../../lib/scrape/target_name.ts";
import { memoryFiles, noEnv } from "../config/memory_files.ts";

export async function scrapeConfigs(yaml: string): Promise<readonly ScrapeConfig[]> {
  const files = memoryFiles({ "/p.yml": `scrape_configs:\n${yaml}` });
  return (await loadConfig("/p.yml", files, noEnv)).scrapeConfigs;
}

export interface JobText {
  readonly name?: string;
  readonly targets?: readonly string[];
  readonly more?: string;
}

export async function job({ name = "j", targets = ["a:1"], more = "" }: JobText = {}): Promise<ScrapeConfig> {
  const [config] = await scrapeConfigs(
    `- job_name: ${name}\n  scrape_interval: 10s\n  scrape_timeout: 5s\n${
      targets.length === 0 ? "" : `  static_configs: [{targets: [${targets.join(", ")}]}]\n`
    }${more}`,
  );
  return config!;
}

export function targetsIn(
  config: ScrapeConfig,
): readonly { readonly target: DiscoveredTarget; readonly name: string }[] {
  return targetsOf(config, config.staticConfigs).active.map((target) => ({
    target,
    name: targetNameOf(target),
  }));
}
