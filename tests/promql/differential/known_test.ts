import { strictEqual } from "node:assert/strict";
import { KNOWN } from "./known.ts";

Deno.test("each difference that the differential test lets pass is told in docs/differences.md", async () => {
  const text = await Deno.readTextFile(new URL("../../../docs/differences.md", import.meta.url));
  const rows = text.split("\n").map((row) => row.split("|").map((cell) => cell.trim()));
  for (const { name, reason } of KNOWN) {
    strictEqual(rows.some(([, rule, why]) => rule === name && why === reason), true, name);
  }
});
