/**
 * The simulated world and what happens in it: targets change their moods, configurations are edited and reloaded,
 * the store stalls and fails, actors and whole processes crash. It writes down what was in force when, and what
 * may excuse a scrape that is missing; the judgement is checks.ts's.
 */
import type { Simulated } from "../../lib/actor/simulation.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import type { ActorPath } from "../../lib/actor/types.ts";
import { loadConfig } from "../../lib/config/load.ts";
import { createRng, drawBelow } from "../../lib/core/rng.ts";
import type { Rng } from "../../lib/core/ports.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { targetsOf } from "../../lib/discovery/targets.ts";
import { labelsOf } from "../../lib/model/labels.ts";
import { offsetSeed, scrapeOffsetMs } from "../../lib/scrape/schedule.ts";
import { cohortName, targetNameOf } from "../../lib/scrape/target_name.ts";
import type { ShardCommand } from "../../actors/protocol/shard.ts";
import { memoryFiles } from "../config/memory_files.ts";
import { Ledger, PROBE_COHORT } from "./ledger.ts";
import { CONFIG_PATH, ModelConfig, type ModelJob } from "./model_config.ts";
import { ModelTargets, MOODS } from "./model_targets.ts";
import { HOSTNAME, type Process, startProcess } from "./process.ts";

export const START_MS = 1_767_225_600_000;
/** A store in trouble is felt for so long after it is well: the longest pause between two attempts, and some. */
const TROUBLE_ECHO_MS = 8_000;
/** One interval, and a message's way. */
const BACK_MS = 6_000;
const INSTANCES = ["a:1", "b:1", "c:1", "d:1", "e:1"];

/** A target in force with one set of settings, in one life of the process. */
export interface Assignment {
  readonly job: string;
  readonly instance: string;
  readonly intervalMs: number;
  readonly offsetMs: number;
  readonly viaFile: boolean;
  readonly limited: boolean;
  readonly overLimit: boolean;
  readonly settings: string;
  readonly fromMs: EpochMs;
  toMs: EpochMs;
  end: "open" | "removed" | "changed" | "processEnded";
}

export interface Disturbance {
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
  /** Undefined: everything. Else a job, or `job/instance`. */
  readonly scope: string | undefined;
}

export interface Named {
  readonly job: string;
  readonly instance: string;
}

export class World {
  readonly rng: Rng;
  readonly kv: SimKv;
  readonly config = new ModelConfig();
  readonly targets: ModelTargets;
  readonly ledger = new Ledger();
  readonly assignments: Assignment[] = [];
  readonly disturbances: Disturbance[] = [];
  /** When the settings of a job changed, and its targets started anew. */
  readonly changes: { readonly job: string; readonly atMs: EpochMs }[] = [];
  readonly cohorts = new Map<string, Named>();
  readonly sampleLimits = new Map<string, number>();
  readonly trace: string[] = [];
  readonly problems: string[] = [];
  readonly #seed: number;
  #sim: Simulated | undefined;
  #process: Process | undefined;
  #lives = 0;
  #inForce: readonly ModelJob[] = [];
  #troubleEndMs = 0;
  #lifeStartMs = 0;
  #bombs = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.rng = createRng(seed ^ 0x0a11ce);
    this.kv = new SimKv({ delay: (delayMs) => this.sim.clock.delay(delayMs) });
    this.targets = new ModelTargets(createRng(seed ^ 0x7a96e7), () => this.sim.clock);
    this.#addJob("alpha", "static", 0);
    this.#addJob("beta", "file", 0);
    this.#addJob("gamma", "static", 5);
    this.config.write();
  }

  get sim(): Simulated {
    if (this.#sim === undefined) throw new Error("no process runs");
    return this.#sim;
  }

  get process(): Process {
    if (this.#process === undefined) throw new Error("no process runs");
    return this.#process;
  }

  get nowMs(): EpochMs {
    return this.sim.clock.nowMs();
  }

  below(count: number): number {
    return drawBelow(this.rng, count);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  #addJob(name: string, discovery: ModelJob["discovery"], sampleLimit: number): void {
    const intervalMs = this.pick([2_000, 3_000, 5_000]);
    const instances = new Set(INSTANCES.slice(0, 2 + this.below(3)));
    this.config.jobs.set(name, {
      name,
      intervalMs,
      timeoutMs: intervalMs - 500,
      discovery,
      targetLimit: 0,
      sampleLimit,
      instances,
    });
    this.sampleLimits.set(name, sampleLimit);
  }

  async start(startMs: EpochMs): Promise<void> {
    this.calm();
    this.#lifeStartMs = startMs;
    this.#process = await startProcess({
      seed: this.#seed + 1_000 * this.#lives++,
      startMs,
      kv: this.kv,
      files: memoryFiles(this.config.files),
      clients: this.targets,
      ledger: this.ledger,
      begun: (sim) => this.#sim = sim,
      observeInterval: () => {
        if (this.#bombs === 0) return;
        this.#bombs--;
        throw new Error("bomb");
      },
    });
    this.config.broken = false;
    this.config.write();
    await this.reload();
  }

  // What happens

  /** One move, drawn by the seed. */
  async move(): Promise<void> {
    const { below } = this;
    const roll = below.call(this, 100);
    if (roll < 30) this.#changeMood();
    else if (roll < 45) this.#changeSeries();
    else if (roll < 62) await this.#editConfig();
    else if (roll < 70) this.#editTargetFile();
    else if (roll < 78) this.#trouble();
    else if (roll < 83) this.#bombs++;
    else if (roll < 90) this.#crashActor();
    else if (roll < 93) await this.crashProcess();
    else await this.probe();
  }

  #changeMood(): void {
    this.targets.of(this.pick(INSTANCES)).mood = this.pick(MOODS);
  }

  #changeSeries(): void {
    const { series } = this.targets.of(this.pick(INSTANCES));
    const id = this.below(8);
    if (!series.delete(id)) series.add(id);
  }

  async #editConfig(): Promise<void> {
    const edits = 1 + this.below(2);
    for (let i = 0; i < edits; i++) this.#edit(this.pick([...this.config.jobs.values()]));
    this.config.broken = this.below(6) === 0;
    this.#write();
    const outcome = await this.reload();
    if (outcome !== "unanswered" && (outcome === "rejected") !== this.config.broken) {
      this.problem(`the reload was ${outcome}`);
    }
    this.config.broken = false;
    if (this.below(3) > 0) return;
    // Again at once: what the first one began is still under way.
    this.#edit(this.pick([...this.config.jobs.values()]));
    this.#write();
    await this.reload();
  }

  /** The target file is looked at whether the configuration is loaded again or not. */
  #write(): void {
    this.config.write();
    this.#targetFileChanged();
  }

  #targetFileChanged(): void {
    const instances = this.config.jobs.get("beta")?.instances;
    if (instances === undefined) return;
    this.#inForce = this.#inForce.map((job) =>
      job.name === "beta" ? { ...job, instances: new Set(instances) } : job
    );
    this.#applied();
  }

  #edit(job: ModelJob): void {
    const roll = this.below(10);
    if (roll < 5) this.#toggleInstance(job);
    else if (roll < 7) {
      job.intervalMs = this.pick([2_000, 3_000, 5_000]);
      job.timeoutMs = job.intervalMs - 500;
    } else if (roll < 8) job.targetLimit = this.pick([0, 0, 2]);
    else if (this.#spare !== undefined) {
      this.config.jobs.set(this.#spare.name, this.#spare);
      this.#spare = undefined;
    } else {
      this.#spare = job;
      this.config.jobs.delete(job.name);
    }
  }

  #spare: ModelJob | undefined;

  #toggleInstance(job: ModelJob): void {
    const instance = this.pick(INSTANCES);
    if (!job.instances.delete(instance)) job.instances.add(instance);
  }

  #editTargetFile(): void {
    const job = this.config.jobs.get("beta");
    if (job === undefined) return;
    this.#toggleInstance(job);
    this.config.writeTargets();
    this.#targetFileChanged();
  }

  #trouble(): void {
    const forMs = 500 + this.below(9_000);
    const { nowMs } = this;
    const endMs = nowMs + forMs;
    this.#troubleEndMs = endMs;
    this.disturb(nowMs, endMs + TROUBLE_ECHO_MS);
    const kind = this.below(3);
    if (kind === 0) this.kv.latencyMs = () => Math.max(0, endMs - this.nowMs);
    else if (kind === 1) this.kv.fate = () => this.nowMs < endMs ? "lost" : "kept";
    else {
      this.kv.latencyMs = () => this.nowMs < endMs ? this.below(200) : 0;
      this.kv.fate = () =>
        this.nowMs < endMs ? this.pick(["kept", "lost", "keptButRejected"] as const) : "kept";
    }
  }

  calm(): void {
    this.kv.latencyMs = () => 0;
    this.kv.fate = () => "kept";
    this.kv.readFails = () => false;
  }

  #crashActor(): void {
    const { sim } = this;
    const job = this.pick(["alpha", "beta", "gamma"]);
    const targets = [...this.cohorts].filter(([, named]) => named.job === job);
    const [cohort, named] = targets.length === 0 ? [undefined, undefined] : this.pick(targets);
    const choices: readonly (readonly [ActorPath, string | undefined])[] = [
      [`/scrape/${job}`, job],
      ["/scrape", undefined],
      ["/storage", undefined],
      ["/config", "nothing"],
      [`/scrape/${job}/discovery:file`, job],
      ...(cohort === undefined
        ? []
        : [[`/scrape/${job}/${cohort.split("/")[2]}`, `${named.job}/${named.instance}`] as const]),
    ];
    const [path, scope] = this.pick(choices);
    if (sim.stateOf(path) === undefined) return;
    if (path === "/storage") this.#storageLost();
    this.disturb(this.nowMs, this.nowMs + 12_000, scope);
    sim.crash(path);
  }

  /** A failure for good ends the server; whoever watches over it starts it again. */
  async restartIfEnded(): Promise<void> {
    if (this.sim.fatal.length > 0) await this.crashProcess();
  }

  async crashProcess(): Promise<void> {
    this.#storageLost();
    this.#endLife();
    const downMs = 1_000 + this.below(30_000);
    const restartMs = this.nowMs + downMs;
    this.disturb(this.nowMs - 60_000, restartMs);
    await this.start(restartMs);
  }

  async stopProcess(): Promise<void> {
    this.calm();
    await this.sim.stop();
    this.ledger.confirmOlder(Number.POSITIVE_INFINITY);
    this.#endLife();
  }

  #endLife(): void {
    for (const assignment of this.assignments) {
      if (assignment.end !== "open") continue;
      assignment.end = "processEnded";
      assignment.toMs = this.nowMs;
    }
    this.#inForce = [];
    this.#keepTrace();
    for (const { path, error } of this.sim.fatal) {
      // Storage that cannot come back while the store is away ends the server: that is what ends are for.
      const isAway = path === "/storage" && String(error).includes("The store could not be reached");
      if (!isAway) this.problem(`${path} failed for good: ${error}`);
    }
    this.#bombs = 0;
  }

  /** With times since the world began, not since the process did. */
  #keepTrace(): void {
    const bombed = new Map<string, EpochMs>();
    for (const line of this.sim.trace) {
      const space = line.indexOf(" ");
      const atMs = Number(line.slice(0, space)) + this.#lifeStartMs;
      this.trace.push(`${atMs - START_MS}${line.slice(space)}`);
      const [, path, word] = line.split(" ", 3);
      if (line.endsWith(" failed: bomb")) bombed.set(path!, atMs);
      const fromMs = word === "started" ? bombed.get(path!) : undefined;
      if (fromMs === undefined) continue;
      bombed.delete(path!);
      this.#excuse(path!, fromMs, atMs);
    }
    this.sim.trace.length = 0;
  }

  /** A target that was made to fail misses its scrapes until it is back; nobody else does. */
  #excuse(path: string, fromMs: EpochMs, toMs: EpochMs): void {
    for (const [cohort, { job, instance }] of this.cohorts) {
      if (`/${cohort}` === path) this.disturb(fromMs, toMs + BACK_MS, `${job}/${instance}`);
    }
  }

  #storageLost(): void {
    // A flush comes every second; the store has been well for longer than any pause.
    if (this.nowMs > this.#troubleEndMs + TROUBLE_ECHO_MS) this.ledger.confirmOlder(this.nowMs - 2_500);
    this.ledger.crashed();
  }

  /** A durable append: what storage acknowledged before it cannot be lost any more. */
  async probe(): Promise<void> {
    const tMs = this.nowMs;
    const labels = labelsOf([["__name__", "probe"]]);
    const asked = this.sim.ask<ShardCommand, "append">(this.process.storage, {
      kind: "append",
      batches: [{
        cohort: PROBE_COHORT,
        epoch: 0,
        defined: [labels],
        rows: [{ tMs, refs: Uint32Array.of(0x8000_0000), values: Float64Array.of(1) }],
        strays: [],
      }],
      atomic: false,
      durable: true,
    }, 60_000);
    try {
      await this.sim.settle(asked);
      this.ledger.confirm(tMs);
    } catch {
      // Storage went down under the question: nothing is promised.
    }
  }

  async reload(): Promise<"applied" | "rejected" | "unanswered"> {
    const snapshot = this.config.snapshot();
    let outcome: "applied" | "rejected";
    try {
      outcome = await this.process.reload();
    } catch (error) {
      // The store was away for too long: the old configuration stays in force.
      if (this.nowMs > this.#troubleEndMs + TROUBLE_ECHO_MS) throw error;
      return "unanswered";
    }
    if (outcome === "applied") {
      await this.#learnNames();
      const before = new Map(this.#inForce.map((job) => [job.name, job]));
      for (const job of snapshot) {
        const old = before.get(job.name);
        if (old?.intervalMs === job.intervalMs && old.targetLimit === job.targetLimit) continue;
        this.changes.push({ job: job.name, atMs: this.nowMs });
      }
      this.#inForce = snapshot;
      this.#applied();
    }
    return outcome;
  }

  // What is in force

  #applied(): void {
    const { nowMs } = this;
    const wanted = new Map<string, Assignment>();
    for (const job of this.#inForce) {
      for (const instance of job.instances) {
        const assignment = this.#assignmentOf(job, instance, nowMs);
        wanted.set(`${job.name}/${instance}`, assignment);
      }
    }
    for (const open of this.assignments) {
      if (open.end !== "open") continue;
      const name = `${open.job}/${open.instance}`;
      const next = wanted.get(name);
      if (next !== undefined && next.settings === open.settings) {
        wanted.delete(name);
        continue;
      }
      open.end = next === undefined ? "removed" : "changed";
      open.toMs = nowMs;
    }
    this.assignments.push(...wanted.values());
  }

  #assignmentOf(job: ModelJob, instance: string, nowMs: EpochMs): Assignment {
    const overLimit = job.targetLimit > 0 && job.instances.size > job.targetLimit;
    const offsetMs = scrapeOffsetMs({
      targetLabels: labelsOf([["instance", instance], ["job", job.name]]),
      url: `http://${instance}/metrics/${job.name}`,
      seed: offsetSeed(HOSTNAME, labelsOf([])),
      intervalMs: job.intervalMs,
    });
    return {
      job: job.name,
      instance,
      intervalMs: job.intervalMs,
      offsetMs,
      viaFile: job.discovery === "file",
      limited: job.targetLimit > 0,
      overLimit,
      settings: JSON.stringify([job.intervalMs, job.targetLimit, overLimit]),
      fromMs: nowMs,
      toMs: Number.POSITIVE_INFINITY,
      end: "open",
    };
  }

  /** Which cohort is whose, for reading the ledger. */
  async #learnNames(): Promise<void> {
    const loaded = await loadConfig(CONFIG_PATH, memoryFiles(this.config.files), () => undefined);
    for (const config of loaded.scrapeConfigs) {
      const group = {
        source: "all",
        labels: labelsOf([]),
        targets: INSTANCES.map((instance) => labelsOf([["__address__", instance]])),
      };
      for (const target of targetsOf(config, [group]).active) {
        const name = targetNameOf(target);
        const { jobName: job } = config;
        this.cohorts.set(cohortName(job, name), { job, instance: new URL(target.url).host });
      }
    }
  }

  /** After a run that broke: what led there. */
  abandon(): void {
    this.#keepTrace();
  }

  disturb(fromMs: EpochMs, toMs: EpochMs, scope?: string): void {
    this.disturbances.push({ fromMs, toMs, scope });
  }

  problem(text: string): void {
    this.problems.push(`${this.nowMs - START_MS}ms: ${text}`);
  }
}
