import assert from "node:assert/strict";
import { openKv } from "../../lib/sys/kv.ts";
import { openStoreGauge } from "../../lib/sys/store_space.ts";

const PAGE_BYTES = 60_000;
const PAGES_KEPT = 40;

Deno.test("a store that is filled and emptied again and again uses free room again, and the gauge tells what is in use", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/narthex.kv`;
    const kv = await openKv(path);
    const gauge = openStoreGauge(path);
    let first = 0;
    let next = 0;
    let fileBytesMax = 0;
    for (let turn = 0; turn < 8; turn++) {
      for (let c = 0; c < 10; c++) {
        const sets = Array.from({ length: 12 }, () => {
          const value = crypto.getRandomValues(new Uint8Array(PAGE_BYTES));
          return { key: ["p", next++], value };
        });
        await kv.commit({ sets });
      }
      const full = await gauge.measure();
      if (turn <= 2) fileBytesMax = full.fileBytes;
      const liveBytes = (next - first) * PAGE_BYTES;
      assert(full.usedBytes >= liveBytes, `${full.usedBytes} of ${liveBytes} bytes`);
      const deletes = [];
      while (first < next - PAGES_KEPT) deletes.push(["p", first++]);
      await kv.commit({ deletes });
      const emptied = await gauge.measure();
      // Beside pages, the log: some 4 MB.
      assert(emptied.usedBytes < PAGES_KEPT * PAGE_BYTES * 1.1 + 6e6, `${emptied.usedBytes} bytes in use`);
      assert(emptied.fileBytes >= emptied.usedBytes && emptied.diskBytes > emptied.fileBytes);
      if (turn > 1) {
        assert(emptied.fileBytes <= fileBytesMax * 1.1, `the file has ${emptied.fileBytes} bytes`);
      }
    }
    gauge.close();
    // The connection that measured takes no lock with it.
    assert.notEqual(await kv.commit({ sets: [{ key: ["x"], value: new Uint8Array(1) }] }), null);
    kv.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
