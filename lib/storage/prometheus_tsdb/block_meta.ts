/** `meta.json` of a Prometheus block: its name, its time, and whether it came from samples that were late. */
import { CorruptDataError } from "../errors.ts";

const VERSION = 1;

export interface BlockMeta {
  readonly ulid: string;
  /** The first time inside, and the first after the block. */
  readonly minMs: number;
  readonly maxMs: number;
  readonly samples: number;
  readonly outOfOrder: boolean;
  /** Blocks that this one holds already; they may lie beside it still. */
  readonly parents: readonly string[];
}

/** Throws a `CorruptDataError` that names the path. */
export function readBlockMeta(text: string, path: string): BlockMeta {
  const fail = (reason: string): never => {
    throw new CorruptDataError(`Cannot decode ${path}: ${reason}`);
  };
  let meta: unknown;
  try {
    meta = JSON.parse(text);
  } catch {
    return fail("it is not JSON");
  }
  const version = fieldOf(meta, "version");
  if (version !== VERSION) return fail(`expected version ${VERSION}, got ${JSON.stringify(version)}`);
  const ulid = fieldOf(meta, "ulid");
  const minMs = fieldOf(meta, "minTime");
  const maxMs = fieldOf(meta, "maxTime");
  if (typeof ulid !== "string") return fail("ulid is missing");
  if (typeof minMs !== "number" || typeof maxMs !== "number") return fail("minTime or maxTime is missing");
  const compaction = fieldOf(meta, "compaction");
  const samples = fieldOf(fieldOf(meta, "stats"), "numSamples");
  const hints = fieldOf(compaction, "hints");
  const parents = fieldOf(compaction, "parents");
  return {
    ...{ ulid, minMs, maxMs },
    samples: typeof samples === "number" ? samples : 0,
    outOfOrder: Array.isArray(hints) && hints.includes("from-out-of-order"),
    parents: !Array.isArray(parents)
      ? []
      : parents.map((parent) => fieldOf(parent, "ulid")).filter((name) => typeof name === "string"),
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
