import assert from "node:assert/strict";
import { visitExposition } from "../../lib/exposition/visit.ts";
import type { ExpositionFormat } from "../../lib/exposition/record.ts";

function visited(format: ExpositionFormat, text: string): string[] {
  const seen: string[] = [];
  visitExposition(format, new TextEncoder().encode(text), {
    sample: (pairs, value, tMs) =>
      seen.push(`${pairs.map((pair) => pair.join("=")).join(",")} ${value[0]} ${tMs}`),
    type: (family, type) => seen.push(`TYPE ${family} ${type}`),
    help: (family, help) => seen.push(`HELP ${family} ${help}`),
    unit: (family, unit) => seen.push(`UNIT ${family} ${unit}`),
  });
  return seen;
}

Deno.test("a visitor meets the records in the order of the body", () => {
  assert.deepEqual(
    visited(
      "text",
      '# HELP s a \\\\ b\n# TYPE s summary\n\ns{quantile="0.5",x=""} 1 7\n# TYPE s untyped\ns 2',
    ),
    [
      "HELP s a \\ b",
      "TYPE s summary",
      "__name__=s,quantile=0.5,x= 1 7",
      "TYPE s unknown",
      "__name__=s 2 undefined",
    ],
  );
  assert.deepEqual(
    visited("openmetrics", '# UNIT a_bytes bytes\n# HELP a_bytes \\"x\na_bytes 1 0.5\n# EOF\n'),
    [
      "UNIT a_bytes bytes",
      'HELP a_bytes "x',
      "__name__=a_bytes 1 500",
    ],
  );
  assert.throws(() => visited("openmetrics", "a 1\n"), /does not end with # EOF/);
});
