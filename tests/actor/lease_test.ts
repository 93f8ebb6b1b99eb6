import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { acquireLease, leaseIsRenewed } from "../../lib/actor/lease.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";

const first = { holder: "pid 1 on host a", nowMs: 1_000, exclusive: false, ttlMs: 10_000 };
const second = { holder: "pid 2 on host b", nowMs: 2_000, exclusive: false, ttlMs: 10_000 };

Deno.test("a second holder is refused and told who holds", async () => {
  const kv = new SimKv();
  await acquireLease(kv, first);
  await rejects(acquireLease(kv, second), {
    name: "UserError",
    code: "unavailable",
    message: "The data is in use by pid 1 on host a; its lease ends in 9s unless it is renewed",
  });
});

Deno.test("a lease that ran out, was released, or whose holder is known dead is taken over", async () => {
  for (const how of ["expired", "released", "exclusive"] as const) {
    const kv = new SimKv();
    const lease = await acquireLease(kv, first);
    if (how === "released") await lease.release();
    const taken = await acquireLease(kv, {
      ...second,
      nowMs: how === "expired" ? 11_000 : 2_000,
      exclusive: how === "exclusive",
    });
    ok(taken.check.versionstamp !== lease.check.versionstamp);
    // The old holder's commits fail from now on, and it learns who came after it.
    strictEqual(
      await kv.commit({ checks: [lease.check], sets: [{ key: ["x"], value: new Uint8Array(1) }] }),
      null,
    );
    await rejects(lease.renew(12_000), {
      code: "unavailable",
      message: "The data is in use by pid 2 on host b",
    });
    await lease.release();
    await taken.renew(12_000);
  }
});

Deno.test("a renewal keeps others out longer and does not disturb commits in flight", async () => {
  const kv = new SimKv();
  const lease = await acquireLease(kv, first);
  await lease.renew(9_000);
  await rejects(acquireLease(kv, { ...second, nowMs: 15_000 }), { code: "unavailable" });
  ok(await kv.commit({ checks: [lease.check], sets: [{ key: ["x"], value: new Uint8Array(1) }] }) !== null);
});

Deno.test("of two that take an expired lease at once, one gets it", async () => {
  const kv = new SimKv();
  await acquireLease(kv, first);
  const taken = await Promise.allSettled([
    acquireLease(kv, { ...second, nowMs: 20_000 }),
    acquireLease(kv, { ...second, holder: "pid 3 on host c", nowMs: 20_000 }),
  ]);
  deepStrictEqual(taken.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

Deno.test("an acquisition that was kept although it was rejected is found out", async () => {
  const kv = new SimKv();
  kv.fate = () => "keptButRejected";
  const lease = await acquireLease(kv, first);
  kv.fate = () => "lost";
  await rejects(acquireLease(kv, { ...first, nowMs: 99_000 }), {
    code: "unavailable",
    message: /could not be reached/,
  });
  kv.fate = () => "kept";
  await lease.renew(2_000);
});

Deno.test("whoever watches a lease learns whether it is renewed, whatever the clocks say", async () => {
  const watch = (kv: SimKv, meanwhile: () => Promise<unknown>) => {
    const waited: string[] = [];
    const watched = leaseIsRenewed(kv, {
      ttlMs: 10_000,
      pause: async () => void await meanwhile(),
      waiting: (holder) => waited.push(holder),
    });
    return watched.then((holder) => ({ holder, waited }));
  };
  const kv = new SimKv();
  const nothing = () => Promise.resolve();
  deepStrictEqual(await watch(kv, nothing), { holder: undefined, waited: [] });
  const lease = await acquireLease(kv, { ...first, nowMs: 4_000_000_000_000 });
  const { holder } = first;
  deepStrictEqual(await watch(kv, nothing), { holder: undefined, waited: [holder] }, "it is dead");
  deepStrictEqual(await watch(kv, () => lease.renew(5)), { holder, waited: [holder] });
  deepStrictEqual(await watch(kv, () => lease.release()), { holder: undefined, waited: [holder] });
  await acquireLease(kv, first);
  const taken = await watch(kv, () => acquireLease(kv, { ...second, exclusive: true }));
  deepStrictEqual(taken, { holder: second.holder, waited: [holder] });
});
