import { strictEqual } from "node:assert/strict";
import { functionTable } from "../../lib/template/builtins.ts";
import { Template } from "../../lib/template/template.ts";
import { CallError, TemplateError } from "../../lib/template/template_error.ts";
import { GoFunction, GoMap, GoStruct, type GoValue } from "../../lib/template/values.ts";

const upper = ([text]: readonly GoValue[]) => String(text).toUpperCase();

const FUNCTIONS = functionTable({
  up: { params: ["string"], call: upper },
  addf: { params: ["float", "float"], call: ([a, b]) => Number(a) + Number(b) },
  addi: { params: ["int", "int"], call: ([a, b]) => BigInt(a as bigint) + BigInt(b as bigint) },
  fail: {
    params: [],
    call: () => {
      throw new CallError("boom");
    },
  },
  args: {
    params: [],
    rest: "any",
    call: (args) => GoMap.ofAny(args.map((arg, i) => [`arg${i}`, arg] as const)),
  },
});

/** The same as in go_oracle/main.go. */
const DATA = new GoStruct({
  typeName: "main.Data",
  fields: new Map<string, GoValue>([
    ["Labels", GoMap.ofStrings([["job", "node"], ["b", "x y"]])],
    ["Value", 1.5],
    ["Int", 3n],
    ["Nil", undefined],
    ["List", [1n, "two", 3.5, undefined]],
    ["Strs", ["a", "b", "c"]],
    ["Any", GoMap.ofAny([["k", 1n], ["z", undefined]])],
    ["Inf", Infinity],
    ["NaN", NaN],
    ["F", new GoFunction({ params: ["string"], call: upper })],
  ]),
  methods: new Map([
    ["Method", new GoFunction({ params: ["string"], call: ([text]) => `m:${text}` })],
    ["Nop", new GoFunction({ params: [], call: () => "nop" })],
  ]),
});

function linesOf(name: string): readonly string[] {
  const text = Deno.readTextFileSync(new URL(name, import.meta.url));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

async function answerTo(text: string): Promise<string> {
  let parsed: Template;
  try {
    parsed = new Template("t", FUNCTIONS).parse(text);
  } catch (error) {
    if (error instanceof TemplateError) return `PARSE ${error.message}`;
    throw error;
  }
  try {
    return `OK ${await parsed.expand({ data: DATA })}`;
  } catch (error) {
    if (error instanceof TemplateError) return `EXEC ${error.message}`;
    throw error;
  }
}

Deno.test("templates say what Go's own say: text, errors and places", async () => {
  const answers = linesOf("answers.jsonl");
  const cases = linesOf("cases.jsonl");
  strictEqual(cases.length, answers.length);
  for (const [index, text] of cases.entries()) strictEqual(await answerTo(text), answers[index], text);
});
