/**
 * What must hold of the world's record whatever the seed: that storage holds what it acknowledged and nothing else,
 * that series end where they should, and that the schedule was kept. Reads only what the world wrote down.
 */
import type { EpochMs } from "../../lib/core/time.ts";
import type { Served } from "./model_targets.ts";
import type { Readback, Sample } from "./readback.ts";
import type { AcknowledgedRow } from "./ledger.ts";
import { type Assignment, START_MS, type World } from "./world.ts";

/** As the target's clock may be off its place when a scrape is stamped with the place. */
const SNAP_MS = 2;
/** A file is looked at every five seconds. */
const FILE_LAG_MS = 5_500;
/** A message's way through the tree, and a restart's back-off. */
const LAG_MS = 500;

interface Index {
  readonly scrapes: ReadonlyMap<string, ReadonlyMap<EpochMs, Served>>;
  readonly rows: ReadonlyMap<string, readonly AcknowledgedRow[]>;
}

export interface CheckedCounts {
  rows: number;
  samples: number;
  markers: number;
  schedule: number;
  ends: number;
}

/** `rowsEnd`: how many rows had been acknowledged when the reading began. */
export function checkWorld(world: World, readback: Readback, rowsEnd: number, counted: CheckedCounts): void {
  const index: Index = { scrapes: scrapesByTime(world), rows: rowsByTarget(world, rowsEnd) };
  checkSamples(world, readback, index, counted);
  checkRows(world, readback, index, counted);
}

/** At the end of a run: each target was scraped when it should have been, and ended when it should have. */
export function checkSchedules(world: World, readback: Readback, counted: CheckedCounts): void {
  const index: Index = { scrapes: scrapesByTime(world), rows: rowsByTarget(world, Infinity) };
  for (const assignment of world.assignments) {
    if (!assignment.overLimit) checkSchedule(world, assignment, index, counted);
    if (assignment.end === "removed" && !assignment.overLimit) {
      checkEnd(world, assignment, readback, index, counted);
    }
  }
}

function scrapesByTime(world: World): Map<string, Map<EpochMs, Served>> {
  const all = new Map<string, Map<EpochMs, Served>>();
  for (const scrape of world.targets.served) {
    const key = `${scrape.job}/${scrape.instance}`;
    let byTime = all.get(key);
    if (byTime === undefined) all.set(key, byTime = new Map());
    // A target that starts anew in the very moment of its scrape begins it again.
    const twice = byTime.get(scrape.startMs)?.session === scrape.session;
    if (twice) world.problem(`${key} was scraped twice at ${at(scrape.startMs)}`);
    byTime.set(scrape.startMs, scrape);
  }
  return all;
}

function rowsByTarget(world: World, rowsEnd: number): Map<string, AcknowledgedRow[]> {
  const all = new Map<string, AcknowledgedRow[]>();
  for (const row of world.ledger.rows.slice(0, rowsEnd)) {
    const named = world.cohorts.get(row.cohort);
    if (named === undefined) {
      world.problem(`rows of a cohort that nobody knows: ${row.cohort}`);
      continue;
    }
    const key = `${named.job}/${named.instance}`;
    const rows = all.get(key);
    if (rows === undefined) all.set(key, [row]);
    else rows.push(row);
  }
  return all;
}

function scrapeAt(index: Index, target: string, tMs: EpochMs): Served | undefined {
  const scrapes = index.scrapes.get(target);
  for (let late = 0; late <= SNAP_MS; late++) {
    const found = scrapes?.get(tMs + late);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the scrape should have left of the target's own series: none when it failed. */
function valuesOf(world: World, scrape: Served): ReadonlyMap<string, number> {
  const limit = world.sampleLimits.get(scrape.job) ?? 0;
  return scrape.up && (limit === 0 || scrape.values.size <= limit) ? scrape.values : NOTHING;
}

const NOTHING: ReadonlyMap<string, number> = new Map();

function isUp(world: World, scrape: Served): boolean {
  const limit = world.sampleLimits.get(scrape.job) ?? 0;
  return scrape.up && (limit === 0 || scrape.values.size <= limit);
}

// Nothing is there that should not be

function checkSamples(world: World, readback: Readback, index: Index, counted: CheckedCounts): void {
  for (const [target, byName] of readback) {
    if (target === "/") continue; // the world's own probes
    const upTimes = byName.get("up");
    for (const [name, samples] of byName) {
      for (const [tMs, sample] of samples) {
        counted.samples++;
        const problem = sampleProblem(world, index, target, name, tMs, sample, upTimes?.get(tMs));
        if (problem !== undefined) {
          world.problem(`${target} ${name} at ${at(tMs)} is ${sample}: ${problem}`);
        }
      }
    }
  }
}

function sampleProblem(
  world: World,
  index: Index,
  target: string,
  name: string,
  tMs: EpochMs,
  sample: Sample,
  up: Sample | undefined,
): string | undefined {
  const scrape = scrapeAt(index, target, tMs);
  const isOwn = name.startsWith("m{");
  if (scrape === undefined) {
    if (up === "stale") return sample === "stale" ? undefined : "beside the end of the target";
    if (!wasForced(world, target, tMs)) return "there was no scrape";
    if (name === "up") return sample === 0 ? undefined : "the target was over its limit";
    return isOwn && sample !== "stale" ? "a forced failure has no samples" : undefined;
  }
  if (name === "up") {
    const expected = isUp(world, scrape) ? 1 : 0;
    return sample === expected ? undefined : `expected ${expected}`;
  }
  if (name === "scrape_samples_scraped" && isUp(world, scrape)) {
    return sample === scrape.values.size ? undefined : `expected ${scrape.values.size}`;
  }
  if (!isOwn) return sample === "stale" ? "a report is never stale at a scrape" : undefined;
  const expected = valuesOf(world, scrape).get(name);
  if (expected === undefined) return sample === "stale" ? undefined : "the target did not serve it";
  return sample === expected ? undefined : `the target served ${expected}`;
}

function wasForced(world: World, target: string, tMs: EpochMs): boolean {
  return world.assignments.some((a) => {
    if (a.fromMs > tMs) return false;
    // A limit may meet the targets of a file that is not yet read again.
    const meets = a.limited && a.viaFile && target.startsWith(`${a.job}/`) && tMs <= a.fromMs + FILE_LAG_MS;
    return meets || (a.overLimit && `${a.job}/${a.instance}` === target && tMs <= a.toMs + FILE_LAG_MS);
  });
}

// Everything is there that should be

function checkRows(world: World, readback: Readback, index: Index, counted: CheckedCounts): void {
  for (const [target, rows] of index.rows) {
    let before: Served | undefined;
    for (const row of rows) {
      const scrape = scrapeAt(index, target, row.tMs);
      checkRow(world, readback.get(target), { target, row, scrape, before }, counted);
      before = scrape;
    }
  }
}

interface RowCheck {
  readonly target: string;
  readonly row: AcknowledgedRow;
  readonly scrape: Served | undefined;
  readonly before: Served | undefined;
}

function checkRow(
  world: World,
  byName: ReadonlyMap<string, ReadonlyMap<EpochMs, Sample>> | undefined,
  { target, row, scrape, before }: RowCheck,
  counted: CheckedCounts,
): void {
  const { tMs, fate } = row;
  const has = (name: string) => byName?.get(name)?.has(tMs) === true;
  const wanted = ["up", "scrape_duration_seconds", "scrape_series_added"];
  if (scrape !== undefined) wanted.push(...valuesOf(world, scrape).keys());
  const missing = wanted.filter((name) => !has(name));
  counted.rows++;
  if (missing.length > 0 && (fate !== "perhaps" || missing.length < wanted.length)) {
    world.problem(
      `${target} at ${at(tMs)}: acknowledged (${fate}), but not there: ${missing.join(" ")}`,
    );
  }
  if (fate === "perhaps" || scrape === undefined || before?.session !== scrape.session) return;
  const now = valuesOf(world, scrape);
  for (const name of valuesOf(world, before).keys()) {
    if (now.has(name)) continue;
    counted.markers++;
    if (byName?.get(name)?.get(tMs) !== "stale") {
      world.problem(`${target} ${name} vanished at ${at(tMs)} without a marker`);
    }
  }
}

// The schedule

function checkSchedule(world: World, assignment: Assignment, index: Index, counted: CheckedCounts): void {
  const { intervalMs, offsetMs, viaFile } = assignment;
  const target = `${assignment.job}/${assignment.instance}`;
  const startMs = assignment.fromMs + LAG_MS + (viaFile ? FILE_LAG_MS : 0);
  const endMs = Math.min(assignment.toMs, world.nowMs) - LAG_MS;
  const scrapes = [...index.scrapes.get(target)?.values() ?? []];
  const acknowledged = index.rows.get(target) ?? [];
  let tMs = startMs - (startMs % intervalMs) + offsetMs;
  if (tMs < startMs) tMs += intervalMs;
  for (; tMs < endMs; tMs += intervalMs) {
    if (isDisturbed(world, target, tMs - 2 * intervalMs, tMs + LAG_MS)) continue;
    counted.schedule++;
    const dueMs = tMs;
    const begun = scrapes.some(({ startMs }) => startMs >= dueMs && startMs <= dueMs + SNAP_MS);
    const last = scrapes.findLast(({ startMs }) => startMs < dueMs);
    const lastRow = acknowledged.find((row) => last !== undefined && isRowOf(row, last));
    if (!begun) {
      const busy = last !== undefined && last.startMs > dueMs - 20_000 &&
        (lastRow === undefined || lastRow.atMs >= dueMs);
      if (!busy) world.problem(`${target} missed its scrape at ${at(dueMs)}`);
    }
  }
  for (const scrape of scrapes) {
    if (scrape.startMs < startMs || scrape.startMs + 20_000 > endMs) continue;
    if (isDisturbed(world, target, scrape.startMs - LAG_MS, scrape.startMs + 20_000)) continue;
    if ((scrape.startMs - offsetMs) % intervalMs > SNAP_MS) {
      world.problem(`${target} was scraped off its place at ${at(scrape.startMs)}`);
    }
    if (!acknowledged.some((row) => isRowOf(row, scrape))) {
      world.problem(`${target} was scraped at ${at(scrape.startMs)}, and storage never heard of it`);
    }
  }
}

function isRowOf(row: AcknowledgedRow, scrape: Served): boolean {
  return row.tMs <= scrape.startMs && scrape.startMs <= row.tMs + SNAP_MS;
}

function isDisturbed(world: World, target: string, fromMs: EpochMs, toMs: EpochMs): boolean {
  return world.disturbances.some((d) =>
    d.fromMs <= toMs && fromMs <= d.toMs &&
    (d.scope === undefined || d.scope === target || target.startsWith(`${d.scope}/`))
  );
}

// The end of a target

function checkEnd(
  world: World,
  removed: Assignment,
  readback: Readback,
  index: Index,
  counted: CheckedCounts,
): void {
  const { job, instance, intervalMs, toMs, fromMs } = removed;
  const target = `${job}/${instance}`;
  // A removed job tells its targets at once, one that reads files learns of it later.
  const lagMs = LAG_MS + (removed.viaFile ? FILE_LAG_MS : 0);
  const endMs = toMs + lagMs + 2.1 * intervalMs + 2 * LAG_MS;
  if (isDisturbed(world, target, toMs - 20_000, endMs) || endMs > world.nowMs) return;
  const again = world.assignments.some((a) =>
    a !== removed && a.job === job && a.instance === instance && a.fromMs <= endMs && a.toMs >= fromMs
  );
  if (again) return;
  // As Prometheus: a target that started anew and never was scraped since has nothing to end.
  if (world.changes.some((c) => c.job === job && c.atMs >= toMs && c.atMs <= toMs + lagMs)) return;
  const scrapes = [...index.scrapes.get(target)?.values() ?? []];
  const late = scrapes.find(({ startMs }) => startMs > toMs + lagMs && startMs <= endMs);
  if (late !== undefined) world.problem(`${target} was removed, and scraped at ${at(late.startMs)}`);
  const last = scrapes.findLast(({ startMs }) => startMs >= fromMs && startMs <= toMs + lagMs);
  if (last === undefined) return;
  checkJournalGone(world, removed);
  const byName = readback.get(target);
  const ends = [...byName?.get("up") ?? []].filter(([tMs, sample]) =>
    sample === "stale" && tMs >= toMs && tMs <= toMs + lagMs + intervalMs
  );
  counted.ends++;
  if (ends.length !== 1) {
    world.problem(`${target} was removed at ${at(toMs)}, and its end was marked ${ends.length} times`);
    return;
  }
  for (const name of valuesOf(world, last).keys()) {
    const stale = byName?.get(name)?.get(ends[0]![0]) === "stale";
    if (!stale) world.problem(`${target} ${name} has no marker at the target's end ${at(ends[0]![0])}`);
  }
}

/** What is gone for good leaves no journal, or journals would only ever become more. */
function checkJournalGone(world: World, removed: Assignment): void {
  const { job, instance, toMs } = removed;
  if (world.assignments.some((a) => a.job === job && a.instance === instance && a.fromMs > toMs)) return;
  for (const [cohort, named] of world.cohorts) {
    if (named.job !== job || named.instance !== instance) continue;
    if (world.kv.entries.some(({ key }) => key[1] === `/${cohort}`)) {
      world.problem(`${job}/${instance} was removed, and its journal is still there`);
    }
  }
}

function at(tMs: EpochMs): string {
  return `${tMs - START_MS}`;
}
