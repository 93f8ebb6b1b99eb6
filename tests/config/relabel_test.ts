import { strictEqual } from "node:assert/strict";
import { relabel } from "../../lib/config/relabel.ts";
import type { RelabelConfig } from "../../lib/config/types.ts";
import { formatLabels, labelsFromRecord } from "../../lib/model/labels.ts";

type Rule = Partial<RelabelConfig>;
type Record_ = Readonly<Record<string, string>>;

const DEFAULTS: RelabelConfig = {
  sourceLabels: [],
  separator: ";",
  regex: "(.*)",
  modulus: 0,
  targetLabel: "",
  replacement: "$1",
  action: "replace",
  nameValidationScheme: "utf8",
};

interface Case {
  readonly claim: string;
  readonly input: Record_;
  readonly rules: readonly Rule[];
  /** null: dropped. */
  readonly output: Record_ | null;
}

const ABC = { a: "foo", b: "bar", c: "baz" };

const CASES: readonly Case[] = [
  {
    claim: "replace joins its sources and fills groups",
    input: ABC,
    rules: [{ sourceLabels: ["a", "b"], regex: "f(.*);(.*)r", targetLabel: "d", replacement: "${2}-$1" }],
    output: { ...ABC, d: "ba-oo" },
  },
  {
    claim: "replace without a match changes nothing",
    input: ABC,
    rules: [{ sourceLabels: ["a"], regex: "no", targetLabel: "d", replacement: "x" }],
    output: ABC,
  },
  {
    claim: "replace with an empty result removes the label",
    input: ABC,
    rules: [{ sourceLabels: ["a"], regex: "foo", targetLabel: "a", replacement: "" }],
    output: { b: "bar", c: "baz" },
  },
  {
    claim: "replace by the defaults copies, and an absent source removes the target",
    input: ABC,
    rules: [{ sourceLabels: ["a"], targetLabel: "z" }, { sourceLabels: ["none"], targetLabel: "b" }],
    output: { a: "foo", c: "baz", z: "foo" },
  },
  {
    claim: "replace expands its target, and skips a name that comes out empty",
    input: ABC,
    rules: [
      { sourceLabels: ["a"], regex: "(f)oo", targetLabel: "${1}_x", replacement: "y" },
      { sourceLabels: ["a"], regex: "(foo)()", targetLabel: "${2}", replacement: "y" },
    ],
    output: { ...ABC, f_x: "y" },
  },
  {
    claim: "a target that is no legacy name is skipped under the legacy scheme only",
    input: { a: "x.y" },
    rules: [
      { sourceLabels: ["a"], targetLabel: "${1}", replacement: "l", nameValidationScheme: "legacy" },
      { sourceLabels: ["a"], targetLabel: "${1}", replacement: "u" },
    ],
    output: { a: "x.y", "x.y": "u" },
  },
  {
    claim: "$1_x names the group 1_x, which is none",
    input: ABC,
    rules: [
      { sourceLabels: ["a"], targetLabel: "d", replacement: "$1_x!" },
      { sourceLabels: ["a"], targetLabel: "e", replacement: "${1}_x" },
      { sourceLabels: ["a"], targetLabel: "f", replacement: "$$1" },
    ],
    output: { ...ABC, d: "!", e: "foo_x", f: "$1" },
  },
  {
    claim: "a constant replacement needs a match as well",
    input: ABC,
    rules: [
      { targetLabel: "d", replacement: "static" },
      { regex: "x", targetLabel: "e", replacement: "static" },
      { regex: "", targetLabel: "f", replacement: "static" },
    ],
    output: { ...ABC, d: "static", f: "static" },
  },
  {
    claim: "the regular expression is anchored and its dot matches a newline",
    input: { a: "x\ny" },
    rules: [
      { sourceLabels: ["a"], regex: "x.y", targetLabel: "b", replacement: "1" },
      { sourceLabels: ["a"], regex: "x", targetLabel: "c", replacement: "1" },
    ],
    output: { a: "x\ny", b: "1" },
  },
  {
    claim: "keep keeps",
    input: ABC,
    rules: [{ sourceLabels: ["a"], regex: "f.*", action: "keep" }],
    output: ABC,
  },
  {
    claim: "keep drops",
    input: ABC,
    rules: [{ sourceLabels: ["a"], regex: "f", action: "keep" }],
    output: null,
  },
  {
    claim: "drop drops",
    input: ABC,
    rules: [{ sourceLabels: ["a"], regex: "f.*", action: "drop" }],
    output: null,
  },
  {
    claim: "drop keeps",
    input: ABC,
    rules: [{ sourceLabels: ["a"], regex: "f", action: "drop" }],
    output: ABC,
  },
  {
    claim: "an absent label is empty to drop",
    input: ABC,
    rules: [{ sourceLabels: ["none"], regex: "", action: "drop" }],
    output: null,
  },
  {
    claim: "keepequal compares the joined value with the target",
    input: { a: "x", b: "y", c: "x;y" },
    rules: [{ sourceLabels: ["a", "b"], targetLabel: "c", action: "keepequal" }],
    output: { a: "x", b: "y", c: "x;y" },
  },
  {
    claim: "keepequal drops what differs",
    input: ABC,
    rules: [{ sourceLabels: ["a"], targetLabel: "b", action: "keepequal" }],
    output: null,
  },
  {
    claim: "dropequal drops what is equal",
    input: { a: "x", b: "x" },
    rules: [{ sourceLabels: ["a"], targetLabel: "b", action: "dropequal" }],
    output: null,
  },
  {
    claim: "dropequal takes two absent labels for equal",
    input: { a: "x" },
    rules: [{ sourceLabels: ["b"], targetLabel: "c", action: "dropequal" }],
    output: null,
  },
  {
    claim: "hashmod is the MD5 sum's last eight bytes modulo",
    input: ABC,
    rules: [{ sourceLabels: ["c"], targetLabel: "d", modulus: 1000, action: "hashmod" }],
    output: { ...ABC, d: "976" },
  },
  {
    claim: "hashmod of joined values with a newline",
    input: { a: "foo\nbar" },
    rules: [{ sourceLabels: ["a"], targetLabel: "b", modulus: 1000, action: "hashmod" }],
    output: { a: "foo\nbar", b: "734" },
  },
  {
    claim: "labelmap copies values to the expanded names",
    input: { a: "foo", b1: "bar", b2: "baz" },
    rules: [{ regex: "(b.*)", replacement: "bar_${1}", action: "labelmap" }],
    output: { a: "foo", b1: "bar", b2: "baz", bar_b1: "bar", bar_b2: "baz" },
  },
  {
    claim: "labelmap onto one name leaves the last",
    input: { __meta_my_bar: "aaa", __meta_my_baz: "bbb", __meta_other: "ccc" },
    rules: [{ regex: "__meta_(my.*|other)", replacement: "x", action: "labelmap" }],
    output: { __meta_my_bar: "aaa", __meta_my_baz: "bbb", __meta_other: "ccc", x: "ccc" },
  },
  {
    claim: "labelmap overwrites a label that is there",
    input: { __meta_a: "new", a: "old" },
    rules: [{ regex: "__meta_(.+)", action: "labelmap" }],
    output: { __meta_a: "new", a: "new" },
  },
  {
    claim: "labeldrop removes by name",
    input: { a: "1", b1: "2", b2: "3" },
    rules: [{ regex: "b.*", action: "labeldrop" }],
    output: { a: "1" },
  },
  {
    claim: "labelkeep removes all other names",
    input: { a: "1", b1: "2", b2: "3" },
    rules: [{ regex: "b.*", action: "labelkeep" }],
    output: { b1: "2", b2: "3" },
  },
  {
    claim: "lowercase and uppercase map code point by code point",
    input: { a: "bAr123Foo", b: "straße İ ŉ Ǆ Σ" },
    rules: [
      { sourceLabels: ["a"], targetLabel: "a_upper", action: "uppercase" },
      { sourceLabels: ["a"], targetLabel: "a_lower", action: "lowercase" },
      { sourceLabels: ["b"], targetLabel: "b_upper", action: "uppercase" },
      { sourceLabels: ["b"], targetLabel: "b_lower", action: "lowercase" },
    ],
    output: {
      a: "bAr123Foo",
      a_upper: "BAR123FOO",
      a_lower: "bar123foo",
      b: "straße İ ŉ Ǆ Σ",
      b_upper: "STRAßE İ ŉ Ǆ Σ",
      b_lower: "straße i ŉ ǆ σ",
    },
  },
  {
    claim: "rules see what the rules before them did",
    input: ABC,
    rules: [
      { sourceLabels: ["a"], targetLabel: "d" },
      { sourceLabels: ["d"], regex: "foo", action: "drop" },
    ],
    output: null,
  },
];

for (const { claim, input, rules, output } of CASES) {
  Deno.test(`relabelling: ${claim}`, () => {
    const labels = labelsFromRecord(input);
    const relabelled = relabel(labels, rules.map((rule) => ({ ...DEFAULTS, ...rule })));
    strictEqual(
      relabelled === undefined ? "dropped" : formatLabels(relabelled),
      output === null ? "dropped" : formatLabels(labelsFromRecord(output)),
    );
  });
}

Deno.test("relabelling that changes nothing answers the very same labels", () => {
  const labels = labelsFromRecord(ABC);
  const rules: readonly RelabelConfig[] = [
    { ...DEFAULTS, sourceLabels: ["a"], regex: "no.*", action: "drop" },
    { ...DEFAULTS, regex: "x.*", action: "labeldrop" },
    { ...DEFAULTS, regex: "__meta_(.*)", action: "labelmap" },
    { ...DEFAULTS, sourceLabels: ["a"], targetLabel: "a" },
  ];
  strictEqual(relabel(labels, rules), labels);
  strictEqual(relabel(labels, []), labels);
});
