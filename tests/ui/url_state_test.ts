import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  decodePanels,
  EMPTY_PANEL,
  encodePanels,
  type PanelState,
  stepMsOf,
} from "../../ui/query/url_state.ts";

const seconds = fc.integer({ min: 1, max: 4_000_000 }).map((s) => s * 1000);
const time = fc.option(fc.integer({ min: 0, max: 4_000_000_000 }).map((s) => s * 1000), { nil: undefined });
const panel: fc.Arbitrary<PanelState> = fc.record({
  expr: fc.string({ unit: "grapheme" }),
  tab: fc.constantFrom("table" as const, "graph" as const),
  rangeMs: seconds,
  endMs: time,
  momentMs: time,
  resolution: fc.oneof(
    fc.record({
      type: fc.constant("auto" as const),
      density: fc.constantFrom("low" as const, "medium" as const, "high" as const),
    }, { noNullPrototype: true }),
    fc.record({ type: fc.constant("fixed" as const), stepMs: seconds }, { noNullPrototype: true }),
  ),
  stacked: fc.boolean(),
}, { noNullPrototype: true });

Deno.test("panels come back from the address as they were", () => {
  fc.assert(
    fc.property(fc.array(panel, { maxLength: 5 }), (panels) => {
      deepStrictEqual(decodePanels(`?${encodePanels(panels)}`), panels);
    }),
    { numRuns: 300 },
  );
});

Deno.test("a link written by Prometheus 3 opens here", () => {
  deepStrictEqual(
    decodePanels(
      "?g0.expr=rate%28x%5B5m%5D%29&g0.show_tree=0&g0.tab=graph&g0.end_input=2024-05-01%2010%3A00%3A00" +
        "&g0.range_input=1h30m&g0.res_type=fixed&g0.res_step=15&g0.display_mode=stacked&g0.show_exemplars=0",
    ),
    [{
      expr: "rate(x[5m])",
      tab: "graph",
      rangeMs: 5_400_000,
      endMs: Date.UTC(2024, 4, 1, 10),
      momentMs: undefined,
      resolution: { type: "fixed", stepMs: 15_000 },
      stacked: true,
    }],
  );
});

Deno.test("an old link with numbered tabs opens here", () => {
  const [graph, table] = decodePanels(
    "?g0.expr=up&g0.tab=0&g0.stacked=1&g0.step_input=30&g1.expr=x&g1.tab=1",
  );
  strictEqual(graph?.tab, "graph");
  strictEqual(graph?.stacked, true);
  deepStrictEqual(graph?.resolution, { type: "fixed", stepMs: 30_000 });
  strictEqual(table?.tab, "table");
});

Deno.test("nonsense in the address falls back to defaults", () => {
  deepStrictEqual(decodePanels("?g0.expr=up&g0.range_input=soon&g0.end_input=never&g0.res_step=-3"), [
    { ...EMPTY_PANEL, expr: "up" },
  ]);
  deepStrictEqual(decodePanels(""), []);
});

Deno.test("the step follows range and density, and never asks for more points than the server gives", () => {
  strictEqual(stepMsOf({ ...EMPTY_PANEL, rangeMs: 3_600_000 }), 14_000);
  strictEqual(stepMsOf({ ...EMPTY_PANEL, rangeMs: 60_000 }), 1000);
  const fine: PanelState = {
    ...EMPTY_PANEL,
    rangeMs: 86_400_000,
    resolution: { type: "fixed", stepMs: 1000 },
  };
  strictEqual(86_400_000 / stepMsOf(fine) <= 11_000, true);
});
