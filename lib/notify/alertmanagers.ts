/**
 * From groups of targets to the addresses of Alertmanagers. Pure; a set of the configuration and its groups give the
 * same addresses each time.
 */
import { relabel } from "../config/relabel.ts";
import type { AlertmanagerConfig } from "../config/types.ts";
import type { TargetGroup } from "../discovery/target_groups.ts";
import { type Labels, labelsOf, labelValue, quoteGo } from "../model/labels.ts";

export interface FoundAlertmanagers {
  /** The URLs that alerts are posted to, each once, in the order of the groups. */
  readonly active: readonly string[];
  /** Those that relabelling took out. */
  readonly dropped: readonly string[];
  /** One an Alertmanager that cannot be reached: `instance 0 in group SOURCE: no address`. */
  readonly errors: readonly string[];
}

/** What the addresses depend on. */
export type AlertmanagerAddressing = Pick<
  AlertmanagerConfig,
  "scheme" | "pathPrefix" | "apiVersion" | "relabelConfigs"
>;

export function alertmanagersOf(
  config: AlertmanagerAddressing,
  groups: readonly TargetGroup[],
): FoundAlertmanagers {
  const active = new Set<string>();
  const dropped: string[] = [];
  const errors: string[] = [];
  for (const group of groups) {
    for (const [index, own] of group.targets.entries()) {
      const discovered = discoveredLabelsOf(config, own, group.labels);
      const labels = relabel(discovered, config.relabelConfigs);
      if (labels === undefined) {
        dropped.push(urlOf(discovered));
        continue;
      }
      const reason = addressProblem(labelValue(labels, "__address__"));
      if (reason === undefined) active.add(urlOf(labels));
      else errors.push(`instance ${index} in group ${group.source}: ${reason}`);
    }
  }
  return { active: [...active], dropped, errors };
}

/** As Prometheus: scheme and path of the configuration win over the target's own, a group's over both. */
function discoveredLabelsOf(config: AlertmanagerAddressing, own: Labels, groupLabels: Labels): Labels {
  const byName = new Map<string, string>();
  const owns = new Set<string>();
  for (let i = 0; i < own.length; i += 2) {
    owns.add(own[i]!);
    byName.set(own[i]!, own[i + 1]!);
  }
  byName.set("__scheme__", config.scheme);
  byName.set("__alerts_path__", alertsPath(config));
  for (let i = 0; i < groupLabels.length; i += 2) {
    if (!owns.has(groupLabels[i]!)) byName.set(groupLabels[i]!, groupLabels[i + 1]!);
  }
  return labelsOf(byName);
}

/** As Go's path.Join: one slash between the parts, whatever the prefix begins and ends with. */
function alertsPath({ pathPrefix, apiVersion }: AlertmanagerAddressing): string {
  const parts = `${pathPrefix}/api/${apiVersion}/alerts`.split("/").filter((part) => part !== "");
  return `/${parts.join("/")}`;
}

function addressProblem(address: string): string | undefined {
  if (address === "") return "no address";
  return address.includes("/") ? `${quoteGo(address)} is not a valid hostname` : undefined;
}

function urlOf(labels: Labels): string {
  const path = labelValue(labels, "__alerts_path__");
  const slash = path === "" || path.startsWith("/") ? "" : "/";
  return `${labelValue(labels, "__scheme__")}://${labelValue(labels, "__address__")}${slash}${
    encodeURI(path)
  }`;
}
