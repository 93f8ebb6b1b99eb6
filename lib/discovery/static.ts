/** `static_configs`: the groups that stand in the configuration itself. They never change while it is in force. */
import type { ScrapeConfig } from "../config/types.ts";
import type { TargetGroup } from "./target_groups.ts";

export function staticGroups(config: Pick<ScrapeConfig, "staticConfigs">): readonly TargetGroup[] {
  return config.staticConfigs;
}
