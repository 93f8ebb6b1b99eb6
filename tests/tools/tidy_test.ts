import assert from "node:assert/strict";
import { tidy } from "../../tools/tidy.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

Deno.test("the tree keeps the house rules", async () => {
  const findings = await tidy(ROOT);
  assert.deepEqual(findings.map(({ path, line, message }) => `${path}:${line}: ${message}`), []);
});

Deno.test("tidy finds a wrong arrow, a clock outside lib/sys and a file that is too long", async () => {
  const root = await Deno.makeTempDir();
  try {
    for (const folder of ["lib/core", "lib/model", "actors", "server", "ui", "tools", "bench", "tests"]) {
      await Deno.mkdir(`${root}/${folder}`, { recursive: true });
    }
    await Deno.writeTextFile(
      `${root}/lib/core/a.ts`,
      `import { x } from "../model/b.ts";\nexport const t = Date.now() + x;\n`,
    );
    await Deno.writeTextFile(`${root}/lib/model/b.ts`, "export const x = 1;\n".repeat(501));
    await Deno.writeTextFile(`${root}/actors/one.ts`, `import { two } from "./two.ts";\n`);
    const found = (await tidy(root)).map(({ path, line }) => `${path}:${line}`);
    assert.deepEqual(found, ["actors/one.ts:1", "lib/core/a.ts:1", "lib/core/a.ts:2", "lib/model/b.ts:500"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
