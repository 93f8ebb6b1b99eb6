/**
 * From groups of targets to targets that can be scraped: the labels a job adds, relabelling, and what a target
 * must have afterwards. Pure; a job and its groups give the same targets each time.
 */
import { relabel } from "../config/relabel.ts";
import type { ScrapeConfig } from "../config/types.ts";
import { formatDurationMs, parseDurationMs } from "../core/time.ts";
import { type Labels, labelsKey, labelsOf, labelValue, quoteGo, withLabel } from "../model/labels.ts";
import type { TargetGroup } from "./target_groups.ts";
import { targetUrl } from "./target_url.ts";

export interface DiscoveredTarget {
  /** Before relabelling, what the job adds included. */
  readonly discoveredLabels: Labels;
  /** What each series of the target carries. */
  readonly labels: Labels;
  /** After relabelling, names that begin with `__` included: per-target overrides stand here. */
  readonly internalLabels: Labels;
  readonly url: string;
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  /** Equal for targets that are the same: labels and address. */
  readonly key: string;
}

export interface DiscoveredTargets {
  /** Each key once, in the order of the groups. */
  readonly active: readonly DiscoveredTarget[];
  /** The discovered labels of targets that relabelling dropped. */
  readonly dropped: readonly Labels[];
  /** One a target that cannot be scraped: `instance 0 in group SOURCE: no address`. */
  readonly errors: readonly string[];
}

export type PopulatedTarget =
  | { readonly kind: "active"; readonly target: DiscoveredTarget }
  | { readonly kind: "dropped"; readonly discoveredLabels: Labels }
  | { readonly kind: "failed"; readonly discoveredLabels: Labels; readonly reason: string };

export function targetsOf(config: ScrapeConfig, groups: readonly TargetGroup[]): DiscoveredTargets {
  const active = new Map<string, DiscoveredTarget>();
  const dropped: Labels[] = [];
  const errors: string[] = [];
  for (const group of groups) {
    for (const [index, own] of group.targets.entries()) {
      const populated = populateTarget(config, own, group.labels);
      if (populated.kind === "active") {
        if (!active.has(populated.target.key)) active.set(populated.target.key, populated.target);
      } else if (populated.kind === "dropped") dropped.push(populated.discoveredLabels);
      else errors.push(`instance ${index} in group ${group.source}: ${populated.reason}`);
    }
  }
  return { active: [...active.values()], dropped, errors };
}

/** As Prometheus words it; undefined while the limit holds. All targets of the job fail beyond it. */
export function targetLimitProblem(config: ScrapeConfig, targetsCount: number): string | undefined {
  if (config.targetLimit === 0 || targetsCount <= config.targetLimit) return undefined;
  return `target_limit exceeded (number of targets: ${targetsCount}, limit: ${config.targetLimit})`;
}

export function populateTarget(config: ScrapeConfig, own: Labels, groupLabels: Labels): PopulatedTarget {
  const discoveredLabels = discoveredLabelsOf(config, own, groupLabels);
  const relabelled = relabel(discoveredLabels, config.relabelConfigs);
  if (relabelled === undefined) return { kind: "dropped", discoveredLabels };
  const failed = (reason: string): PopulatedTarget => ({ kind: "failed", discoveredLabels, reason });

  const address = labelValue(relabelled, "__address__");
  if (address === "") return failed("no address");
  if (address.includes("/")) return failed(`${quoteGo(address)} is not a valid hostname`);
  const interval = durationOf(relabelled, "__scrape_interval__", "scrape interval");
  if (typeof interval === "string") return failed(interval);
  const timeout = durationOf(relabelled, "__scrape_timeout__", "scrape timeout");
  if (typeof timeout === "string") return failed(timeout);
  if (timeout > interval) {
    const compared = `${quoteGo(labelValue(relabelled, "__scrape_timeout__"))} > ${
      quoteGo(labelValue(relabelled, "__scrape_interval__"))
    }`;
    return failed(`scrape timeout cannot be greater than scrape interval (${compared})`);
  }

  const kept = filterPrefix(relabelled, "__meta_");
  const internalLabels = labelValue(kept, "instance") === "" ? withLabel(kept, "instance", address) : kept;
  const reason = labelsProblem(internalLabels);
  if (reason !== undefined) return failed(reason);
  const labels = filterPrefix(internalLabels, "__");
  const url = targetUrl(internalLabels, config.params);
  return {
    kind: "active",
    target: {
      discoveredLabels,
      labels,
      internalLabels,
      url,
      scrapeIntervalMs: interval,
      scrapeTimeoutMs: timeout,
      key: `${labelsKey(internalLabels)}\ud800\ud800${url}`,
    },
  };
}

/** A target's own labels win over its group's, and both over what the job says. */
function discoveredLabelsOf(config: ScrapeConfig, own: Labels, groupLabels: Labels): Labels {
  const byName = new Map<string, string>();
  const add = (name: string, value: string) => {
    if ((byName.get(name) ?? "") === "") byName.set(name, value);
  };
  for (let i = 0; i < own.length; i += 2) byName.set(own[i]!, own[i + 1]!);
  for (let i = 0; i < groupLabels.length; i += 2) add(groupLabels[i]!, groupLabels[i + 1]!);
  add("job", config.jobName);
  add("__scrape_interval__", formatDurationMs(config.scrapeIntervalMs));
  add("__scrape_timeout__", formatDurationMs(config.scrapeTimeoutMs));
  add("__metrics_path__", config.metricsPath);
  add("__scheme__", config.scheme);
  for (const [name, values] of config.params) if (values.length > 0) add(`__param_${name}`, values[0]!);
  return labelsOf(byName);
}

/** Milliseconds, or what is wrong. */
function durationOf(labels: Labels, name: string, what: string): number | string {
  const text = labelValue(labels, name);
  const ms = parseDurationMs(text);
  if (text === "") return `error parsing ${what}: empty duration string`;
  if (ms === undefined) return `error parsing ${what}: not a valid duration string: ${quoteGo(text)}`;
  return ms === 0 ? `${what} cannot be 0` : ms;
}

function filterPrefix(labels: Labels, prefix: string): Labels {
  const kept: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (!labels[i]!.startsWith(prefix)) kept.push(labels[i]!, labels[i + 1]!);
  }
  return kept;
}

function labelsProblem(labels: Labels): string | undefined {
  for (let i = 0; i < labels.length; i += 2) {
    if (!labels[i + 1]!.isWellFormed()) {
      return `invalid label value for ${quoteGo(labels[i]!)}: ${quoteGo(labels[i + 1]!)}`;
    }
  }
  return undefined;
}
