import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { keepLabels, labelsFromRecord, labelsKey } from "../../../lib/model/labels.ts";
import { LabelSlots } from "../../../lib/promql/operators/label_slots.ts";

const NAMES = ["a", "b", "c", "d"];

Deno.test("series have one slot exactly when the labels kept of them are equal", () => {
  const labels = fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom("", "1", "2")).map(
    labelsFromRecord,
  );
  fc.assert(
    fc.property(fc.subarray(NAMES), fc.array(labels, { maxLength: 40 }), (names, series) => {
      const slots = new LabelSlots(names);
      const plain = new Map<string, number>();
      for (const one of series) {
        const key = labelsKey(keepLabels(one, new Set(names)));
        if (!plain.has(key)) plain.set(key, plain.size);
        strictEqual(slots.slotOf(one), plain.get(key));
      }
      strictEqual(slots.count, plain.size);
    }),
  );
});

Deno.test("without labels to tell them apart, all series have the slot 0", () => {
  const slots = new LabelSlots([]);
  deepStrictEqual([slots.slotOf(["a", "1"]), slots.slotOf([]), slots.count], [0, 0, 1]);
});
