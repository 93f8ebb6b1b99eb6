/**
 * One writer to a store. The fence is written once a life of a process, so commits in flight may check it whatever the
 * renewals do; the time until which the lease is believed stands under a key of its own. A writer that lost its lease
 * loses every commit from then on. A process that stalls beyond `ttlMs` may be overtaken, and then learns it that way.
 */
import { messageOf, UserError } from "../core/errors.ts";
import type { Kv } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import { leaseFenceKey, leaseTimeKey } from "./kv_keys.ts";
import type { KvCheck } from "./kv_groups.ts";

export interface LeaseOptions {
  /** For people: "pid 123 on host x". */
  readonly holder: string;
  readonly nowMs: EpochMs;
  /** The caller holds a lock of the operating system, so whoever wrote a present lease is dead. */
  readonly exclusive: boolean;
  readonly ttlMs: number;
}

export interface Lease {
  /** Belongs in every commit of this process. */
  readonly check: KvCheck;
  /** Rejects with a `UserError` that names the new holder when the lease was taken over. */
  renew(nowMs: EpochMs): Promise<void>;
  /** Of one's own lease only; a lost one is left alone. */
  release(): Promise<void>;
}

interface Fence {
  readonly holder: string;
  readonly sinceMs: EpochMs;
  readonly ttlMs: number;
}

/** Another process holds the lease, or took it over: this one must not write. */
export class LeaseTakenError extends UserError {
  constructor(message: string) {
    super("unavailable", message);
  }
}

export interface LeaseWatch {
  readonly ttlMs: number;
  readonly pause: (delayMs: number) => Promise<void>;
  /** Told once when there is somebody to wait for. */
  readonly waiting: (holder: string) => void;
}

/**
 * Watches a lease for as long as it is believed: its holder where it was renewed, undefined where nobody did. Goes by
 * what is written and not by its times, since the clocks of two machines may differ.
 */
export async function leaseIsRenewed(kv: Kv, watch: LeaseWatch): Promise<string | undefined> {
  const fence = await kv.get(leaseFenceKey);
  if (fence === null) return undefined;
  const before = await kv.get(leaseTimeKey);
  const name = decodeFence(fence.value)?.holder ?? "another process";
  watch.waiting(name);
  await watch.pause(watch.ttlMs);
  const after = await kv.get(leaseTimeKey);
  if (after === null) return undefined; // released meanwhile
  const fenceNow = await kv.get(leaseFenceKey);
  if (after.versionstamp === before?.versionstamp && fenceNow?.versionstamp === fence.versionstamp) {
    return undefined;
  }
  return fenceNow === null ? undefined : decodeFence(fenceNow.value)?.holder ?? "another process";
}

export async function acquireLease(kv: Kv, options: LeaseOptions): Promise<Lease> {
  const { holder, nowMs, exclusive, ttlMs } = options;
  const fence = await kv.get(leaseFenceKey);
  const time = await kv.get(leaseTimeKey);
  const untilMs = time === null ? 0 : decodeMs(time.value);
  if (fence !== null && !exclusive && untilMs > nowMs) {
    throw inUse(decodeFence(fence.value), Math.ceil((untilMs - nowMs) / 1000));
  }
  const mine = encodeFence({ holder, sinceMs: nowMs, ttlMs });
  const checks = [
    { key: leaseFenceKey, versionstamp: fence?.versionstamp ?? null },
    // Also the time: a holder that renewed since we looked is alive.
    { key: leaseTimeKey, versionstamp: time?.versionstamp ?? null },
  ];
  const sets = [
    { key: leaseFenceKey, value: mine },
    { key: leaseTimeKey, value: encodeMs(nowMs + ttlMs) },
  ];
  let versionstamp: string | undefined;
  try {
    versionstamp = (await kv.commit({ checks, sets }))?.versionstamp;
  } catch (error) {
    // Perhaps it was kept: only reading tells.
    const found = await kv.get(leaseFenceKey);
    const unchanged = found === null || found.versionstamp === fence?.versionstamp;
    if (unchanged || !equal(found.value, mine)) {
      throw new UserError("unavailable", `Cannot take the lease on the data: ${messageOf(error)}`, {
        cause: error,
      });
    }
    versionstamp = found.versionstamp;
  }
  if (versionstamp === undefined) {
    const found = await kv.get(leaseFenceKey);
    throw inUse(found === null ? undefined : decodeFence(found.value), Math.ceil(ttlMs / 1000));
  }
  return new KvLease(kv, { key: leaseFenceKey, versionstamp }, ttlMs);
}

class KvLease implements Lease {
  readonly #kv: Kv;
  readonly #ttlMs: number;

  constructor(kv: Kv, readonly check: KvCheck, ttlMs: number) {
    this.#kv = kv;
    this.#ttlMs = ttlMs;
  }

  async renew(nowMs: EpochMs): Promise<void> {
    const sets = [{ key: leaseTimeKey, value: encodeMs(nowMs + this.#ttlMs) }];
    if (await this.#kv.commit({ checks: [this.check], sets }) !== null) return;
    const found = await this.#kv.get(leaseFenceKey);
    throw inUse(found === null ? undefined : decodeFence(found.value), undefined);
  }

  async release(): Promise<void> {
    await this.#kv.commit({ checks: [this.check], deletes: [leaseFenceKey, leaseTimeKey] });
  }
}

function inUse(fence: Fence | undefined, waitSeconds: number | undefined): LeaseTakenError {
  const who = fence === undefined ? "another process" : fence.holder;
  const wait = waitSeconds === undefined ? "" : `; its lease ends in ${waitSeconds}s unless it is renewed`;
  return new LeaseTakenError(`The data is in use by ${who}${wait}`);
}

function encodeFence(fence: Fence): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(fence));
}

/** A fence that cannot be read still is somebody's. */
function decodeFence(value: Uint8Array): Fence | undefined {
  try {
    const fence: unknown = JSON.parse(new TextDecoder().decode(value));
    const { holder } = fence as Fence;
    return typeof holder === "string" ? fence as Fence : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function encodeMs(ms: EpochMs): Uint8Array {
  const value = new Uint8Array(8);
  new DataView(value.buffer).setFloat64(0, ms, true);
  return value;
}

function decodeMs(value: Uint8Array): EpochMs {
  if (value.length !== 8) return 0;
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getFloat64(0, true);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
