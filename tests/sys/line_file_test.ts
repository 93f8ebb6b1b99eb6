import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { openLines, QUEUED_LENGTH_MAX } from "../../lib/sys/line_file.ts";

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("lines are added at the end of the file in their order", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/log`;
    await Deno.writeTextFile(path, "before\n");
    const lines = await openLines(path);
    const written = Array.from({ length: 5_000 }, (_, i) => `${i} grüße`);
    for (const line of written) lines.write(line);
    await lines.close();
    strictEqual(await Deno.readTextFile(path), ["before", ...written, ""].join("\n"));
    deepStrictEqual(lines.stats(), { dropped: 0, failures: 0 });
  }));

Deno.test("lines beyond the queue's length are dropped and counted", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/log`;
    const lines = await openLines(path);
    const line = "x".repeat(1_000_000);
    for (let i = 0; i < 10; i++) lines.write(line);
    await lines.close();
    const { dropped } = lines.stats();
    ok(dropped > 0 && (10 - dropped) * line.length <= QUEUED_LENGTH_MAX);
    strictEqual((await Deno.stat(path)).size, (10 - dropped) * (line.length + 1));
    lines.write("after the end");
    strictEqual(lines.stats().dropped, dropped + 1);
  }));

Deno.test("a disk that takes nothing is counted, and the lines go on", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const lines = await openLines("/dev/full");
  lines.write("a");
  await new Promise((resolve) => setTimeout(resolve, 50)); // a real write to a real device
  lines.write("b");
  await lines.close();
  deepStrictEqual(lines.stats(), { dropped: 0, failures: 2 });
});

Deno.test("a file that cannot be opened is named", () =>
  inDirectory(async (directory) => {
    await rejects(openLines(`${directory}/none/log`), new RegExp(`open ${directory}/none/log: `));
  }));
