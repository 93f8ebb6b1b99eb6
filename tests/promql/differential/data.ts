/**
 * The series that two servers are asked about: the same for each seed, at fixed times, so that a difference is a pair
 * (seed, query). Families are made to meet each other in joins, and to hold what arithmetic trips over.
 *
 * By construction, where version 2 of Prometheus is known to count otherwise than version 3:
 * - every sample lies 217 ms after a whole second, so that no window's edge meets one (windows that include their start);
 * - a counter of `RATE_SAFE` either begins at zero and has no gaps, or stands far above its growth (the point at which
 *   a counter would have been zero is weighed before or after the gap to the window's start).
 */
import { drawBelow } from "../../../lib/core/rng.ts";
import type { Rng } from "../../../lib/core/ports.ts";
import type { WriteSeries } from "../../../lib/remote/write_request.ts";

/** A whole minute in 2023: both servers accept any time into an empty head. */
export const START_MS = 1_700_000_040_000;
export const SPAN_MS = 100 * 60_000;
export const END_MS = START_MS + SPAN_MS;
const STEP_MS = 15_000;
const OFF_GRID_MS = 217;
const STEPS = SPAN_MS / STEP_MS;

const INSTANCES = ["a:1", "b:1", "c:1", "d:1"];
const BOUNDS = ["0.1", "0.5", "1", "5", "+Inf"];

type Labels = Readonly<Record<string, string>>;
type Values = (step: number) => number | undefined;

interface Shape {
  /** Up to this many whole seconds late, each sample by its own. */
  readonly jitterSMax?: number;
  readonly everySteps?: number;
  /** A marker after each gap's first step, and after the end. */
  readonly marksEnds?: boolean;
}

export function differentialData(rng: Rng): readonly WriteSeries[] {
  const made: WriteSeries[] = [];
  const below = (count: number) => drawBelow(rng, count);

  function add(
    labels: Labels,
    values: Values,
    { jitterSMax = 0, everySteps = 1, marksEnds = false }: Shape = {},
  ) {
    const tMs: number[] = [];
    const kept: number[] = [];
    const stale: number[] = [];
    let wasThere = false;
    for (let step = 0; step < STEPS; step += everySteps) {
      const at = START_MS + step * STEP_MS + below(jitterSMax + 1) * 1000 + OFF_GRID_MS;
      const value = values(step);
      if (value === undefined && !(marksEnds && wasThere)) continue;
      if (value === undefined) stale.push(kept.length);
      wasThere = value !== undefined;
      tMs.push(at);
      kept.push(value ?? 0);
    }
    const out = Float64Array.from(kept);
    const words = new Uint32Array(out.buffer);
    // By its bits: as a number a NaN may lose its payload.
    for (const i of stale) words.set([2, 0x7ff00000], 2 * i);
    const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    made.push({ labels: sorted.flat(), tMs: Float64Array.from(tMs), values: out });
  }

  function counter(first: number, growthMax: number, resetsIn = 0): Values {
    let total = first;
    let begun = false;
    return () => {
      if (!begun) begun = true;
      else if (resetsIn > 0 && below(resetsIn) === 0) total = below(3);
      else total += below(growthMax + 1);
      return total;
    };
  }

  function gauge(low: number, high: number, parts: number): Values {
    return () => low + below((high - low) * parts + 1) / parts;
  }

  function between(from: number, to: number, values: Values): Values {
    return (step) => step >= from && step < to ? values(step) : undefined;
  }

  for (const [i, instance] of INSTANCES.entries()) {
    const job = i < 2 ? "api" : "db";
    const zone = i % 2 === 0 ? "east" : "west";
    for (const code of ["200", "404", "500"]) {
      const begin = code === "500" ? 60 * i : 0;
      add({ __name__: "small_total", instance, job, code }, between(begin, STEPS, counter(0, 9, 70)));
      const pausing = counter(2 ** 21 + 1000 * i, 16);
      add(
        { __name__: "big_total", instance, job, code },
        (step) => (step + 31 * i) % 90 < 12 ? undefined : pausing(step),
        { jitterSMax: code === "200" ? 4 : 0, marksEnds: code === "404" },
      );
    }
    add({ __name__: "level", instance, job, zone }, gauge(-8, 8, 4));
    add({ __name__: "heat", instance, job, zone }, gauge(0, 500, 8));
    const queue = gauge(0, 4, 1);
    for (const name of ["mail", "jobs ☂"]) {
      add(
        { __name__: "depth", instance, queue: name },
        (step) => (step + 20 * i) % 60 < 25 ? undefined : queue(step),
      );
    }
    add({ __name__: "up", instance, job }, (step) => (step + 40 * i) % 110 < 5 ? 0 : 1);
    add({ __name__: "host_info", instance, job, version: `1.${i % 3}`, zone }, () => 1);
    add({ __name__: "boot_seconds", instance }, () => 1.69e9 + i * 7_654_321.5);
    add({ __name__: "session", instance, job }, between(50 * i, 200 + 50 * i, gauge(1, 30, 2)), {
      marksEnds: true,
    });
    add({ __name__: "sparse", instance }, gauge(-3, 3, 1), { everySteps: 28, jitterSMax: 9 });
    const counts = BOUNDS.map(() => 0);
    const rows = Array.from({ length: STEPS }, () => {
      for (let event = below(6); event > 0; event--) {
        for (let b = below(BOUNDS.length); b < BOUNDS.length; b++) counts[b]!++;
      }
      return [...counts];
    });
    for (const [b, le] of BOUNDS.entries()) {
      add({ __name__: "wait_bucket", instance, job, le }, (step) => rows[step]![b]!);
    }
    add({ __name__: "wait_count", instance, job }, (step) => rows[step]!.at(-1)!);
    add({ __name__: "wait_sum", instance, job }, counter(0, 5));
  }

  for (const [i, le] of ["-1", "0", "1.0", "1", "2", "many", "+Inf"].entries()) {
    add({ __name__: "ragged_bucket", kind: "crossing", le }, gauge(5 * i, 5 * i + 20, 1));
  }
  for (const le of ["1", "2", "4"]) add({ __name__: "ragged_bucket", kind: "open", le }, gauge(0, 9, 1));
  add({ __name__: "ragged_bucket", kind: "lone", le: "+Inf" }, gauge(0, 9, 1));

  for (const a of ["x", "y", "z"]) {
    for (const b of ["1", "2"]) {
      if (a !== "z") add({ __name__: "left", a, b }, gauge(-4, 4, 1));
      if (a !== "x") add({ __name__: "right", a, b, c: "only" }, gauge(-4, 4, 1));
    }
    add({ __name__: "one", a, d: `d-${a}` }, gauge(1, 3, 1));
  }
  add({ __name__: "left", b: "1" }, gauge(-4, 4, 1));

  const odd: Readonly<Record<string, Values>> = {
    inf: (step) => step % 9 === 0 ? Infinity : step % 17 - 8,
    below: (step) => step % 7 === 0 ? -Infinity : step % 5,
    nan: (step) => step % 4 === 0 ? NaN : -step,
    "always nan": () => NaN,
    zero: (step) => step % 2 === 0 ? 0 : -0,
    tiny: (step) => (step % 13) * 5e-324,
    huge: (step) => (step % 19 - 9) * 1e300,
    third: (step) => (step % 23 - 11) / 3,
  };
  for (const [what, values] of Object.entries(odd)) add({ __name__: "odd", what }, values);
  return made;
}
