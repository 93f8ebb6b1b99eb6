/** Short names for targets: for an actor's address and for the cohort that its series live in. */
import { createHash } from "node:crypto";
import type { DiscoveredTarget } from "../discovery/targets.ts";
import { COHORT_NAME_BYTES_MAX, SCRAPE_COHORTS } from "../model/batch.ts";
import { labelsKey } from "../model/labels.ts";

/** 96 bits: two of a million targets of a job share a name once in 10^17 times. */
const DIGEST_BYTES = 12;

/**
 * What makes a target the same across configurations: its series and where they come from. Not how often: two that
 * took turns at the same series would end each other's.
 */
export function targetNameOf({ labels, url }: Pick<DiscoveredTarget, "labels" | "url">): string {
  return targetName(`${labelsKey(labels)}\ud800\ud800${url}`);
}

/** Equal for equal keys, and safe in a path. */
export function targetName(key: string): string {
  return createHash("sha256").update(key).digest().subarray(0, DIGEST_BYTES).toString("base64url");
}

/** The same after each restart, so that a target goes on in the columns that it has. */
export function cohortName(jobName: string, name: string): string {
  const cohort = `${SCRAPE_COHORTS}${jobName}/${name}`;
  if (new TextEncoder().encode(cohort).length <= COHORT_NAME_BYTES_MAX) return cohort;
  return `${SCRAPE_COHORTS}${targetName(jobName)}/${name}`;
}
