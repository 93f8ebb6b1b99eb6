/** One run of the simulated world: a failing run is its seed and the commit. */
import { type CheckedCounts, checkSchedules, checkWorld } from "./checks.ts";
import { readAll } from "./readback.ts";
import { START_MS, World } from "./world.ts";

export interface RunResult {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly trace: readonly string[];
  readonly counted: CheckedCounts;
}

export interface RunOptions {
  readonly seed: number;
  /** Of virtual time, approximately. */
  readonly durationMs: number;
}

/** Between two looks at everything that storage holds. */
const CHECK_EVERY_MOVES = 12;
const MOVE_PAUSE_MS_MAX = 9_000;
/** For storage to come back before it is read. */
const BREATH_MS = 1_000;
/** For what is under way to come to its end. */
const SETTLE_MS = 40_000;

export async function runSeed({ seed, durationMs }: RunOptions): Promise<RunResult> {
  const world = new World(seed);
  const counted: CheckedCounts = { rows: 0, samples: 0, markers: 0, schedule: 0, ends: 0 };
  try {
    await world.start(START_MS);
    for (let moves = 1; world.nowMs < START_MS + durationMs && world.problems.length === 0; moves++) {
      await world.sim.runFor(100 + world.below(MOVE_PAUSE_MS_MAX));
      await world.restartIfEnded();
      await world.move();
      if (moves % CHECK_EVERY_MOVES === 0) await check(world, counted);
    }
    world.calm();
    await world.restartIfEnded();
    await world.sim.runFor(SETTLE_MS);
    await check(world, counted);
    await world.stopProcess();
    await world.start(world.nowMs + 1_000);
    const readback = await check(world, counted);
    await world.stopProcess();
    checkSchedules(world, readback, counted);
    checkFailures(world);
  } catch (error) {
    world.problem(`the run broke: ${error instanceof Error ? error.stack ?? error.message : error}`);
    world.abandon();
  }
  return { seed, problems: world.problems, trace: world.trace, counted };
}

async function check(world: World, counted: CheckedCounts) {
  world.calm();
  await world.sim.runFor(BREATH_MS);
  await world.restartIfEnded();
  const rowsEnd = world.ledger.rows.length;
  const read = readAll(world.process.source, (text) => world.problem(text));
  const readback = await world.sim.settle(read);
  checkWorld(world, readback, rowsEnd, counted);
  return readback;
}

/** No actor may fail but by the world's own doing. */
function checkFailures(world: World): void {
  for (const line of world.trace) {
    if (
      / failed: /.test(line) &&
      !/ failed: bomb| failed: The store could not| failed: Cannot append/.test(line)
    ) {
      world.problem(`unexpected: ${line}`);
    }
  }
}
