/**
 * Opens the store that the flags name: a file in the data directory, held by a lock of the operating system, or a
 * server behind a URL, held by a lease. A process that only reads holds neither. Reads go through a handle of their own.
 */
import { messageOf, UserError } from "../lib/core/errors.ts";
import { acquireLease, type Lease, leaseIsRenewed, LeaseTakenError } from "../lib/actor/lease.ts";
import { GuardedKv } from "../lib/actor/kv_guard.ts";
import type { KvFigures } from "../lib/core/ports.ts";
import { pauseMs } from "../lib/actor/pace.ts";
import type { StoreGauge, World } from "./world.ts";

/** A lease is believed this long after its holder was last heard of. */
export const LEASE_TTL_MS = 15_000;

export interface StoreFlags {
  readonly dataPath: string;
  /** Undefined: a file in the data directory. */
  readonly url: string | undefined;
  readonly readOnly: boolean;
}

export interface Store {
  readonly kv: GuardedKv;
  readonly readKv: GuardedKv;
  /** Undefined where nothing is written. */
  readonly lease: Lease | undefined;
  /** Undefined for a store behind a URL, whose size is its server's matter, and where nothing is written. */
  readonly gauge: StoreGauge | undefined;
  figures(): KvFigures;
}

type Opened = { close(): void | Promise<void> }[];

/** What must be closed is pushed to `opened` as it is opened, also when a later step fails. */
export async function openStore(
  flags: StoreFlags,
  world: World,
  opened: Opened,
  leaseLost: (error: Error) => void,
): Promise<Store> {
  const place = await placeOf(flags, world, opened);
  const guarded = async () => {
    const open = () => world.openKv(place);
    const kv = new GuardedKv(await open(), { clock: world.clock, log: world.log, open });
    opened.push({ close: () => kv.close() });
    return kv;
  };
  const kv = await guarded();
  const readKv = await guarded();
  const figures = () => sumOf(kv.figures(), readKv.figures());
  if (flags.readOnly) return { kv, readKv, lease: undefined, gauge: undefined, figures };
  const gauge = flags.url === undefined ? world.openStoreGauge(place) : undefined;
  opened.push({ close: () => gauge?.close() });
  const { clock, log } = world;
  if (flags.url !== undefined) {
    // A lock tells at once whether its holder lives; a lease only by being renewed, or not.
    const holder = await leaseIsRenewed(kv, {
      ttlMs: LEASE_TTL_MS,
      pause: (delayMs) => pauseMs(clock, delayMs),
      waiting: (name) => log.info("Waiting for another process's lease on the data to end", { holder: name }),
    });
    if (holder !== undefined) throw new LeaseTakenError(`The data at ${flags.url} is in use by ${holder}`);
  }
  const lease = await acquireLease(kv, {
    holder: world.holder,
    nowMs: clock.nowMs(),
    exclusive: true,
    ttlMs: LEASE_TTL_MS,
  });
  const renewal = keepLease(lease, world, leaseLost);
  opened.push({
    close: async () => {
      renewal.cancel();
      await lease.release();
    },
  });
  return { kv, readKv, lease, gauge, figures };
}

async function placeOf(
  { dataPath, url, readOnly }: StoreFlags,
  world: World,
  opened: Opened,
): Promise<string> {
  if (url !== undefined) return url;
  if (!readOnly) {
    const data = await world.claimData(dataPath);
    opened.push({ close: () => data.release() });
    return data.kvPath;
  }
  const path = world.kvPathOf(dataPath);
  if (await world.files.stat(path) === null) {
    throw new UserError("unavailable", `Cannot read the store: there is no file ${path}`);
  }
  return path;
}

/** Trouble is one line in the log when it begins. A lease that another process has taken is the end. */
function keepLease(
  lease: Lease,
  { clock, log }: World,
  lost: (error: Error) => void,
): { cancel(): void } {
  let isCancelled = false;
  let isTroubled = false;
  let timer = clock.at(clock.nowMs() + LEASE_TTL_MS / 3, renew);
  function renew(): void {
    lease.renew(clock.nowMs()).then(
      () => {
        if (isTroubled) log.info("The lease on the data is renewed again");
        isTroubled = false;
        again();
      },
      (error) => {
        if (error instanceof LeaseTakenError) return isCancelled ? undefined : lost(error);
        if (!isTroubled) log.error("Cannot renew the lease on the data", { err: messageOf(error) });
        isTroubled = true;
        again();
      },
    );
  }
  function again(): void {
    if (!isCancelled) timer = clock.at(clock.nowMs() + LEASE_TTL_MS / 3, renew);
  }
  return {
    cancel: () => {
      isCancelled = true;
      timer.cancel();
    },
  };
}

function sumOf(a: KvFigures, b: KvFigures): KvFigures {
  return {
    commits: a.commits + b.commits,
    commitMs: a.commitMs + b.commitMs,
    commitFailures: a.commitFailures + b.commitFailures,
    commitTimeouts: a.commitTimeouts + b.commitTimeouts,
    readFailures: a.readFailures + b.readFailures,
    readTimeouts: a.readTimeouts + b.readTimeouts,
    reopened: a.reopened + b.reopened,
  };
}
