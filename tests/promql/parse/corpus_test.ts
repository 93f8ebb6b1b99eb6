/** Every query of Prometheus's own test scripts parses, and prints to something that prints the same. */
import { strictEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ALL_PARSE_OPTIONS, parseExpr, prettyExpr, printExpr } from "../../../lib/promql/parse.ts";

const FOLDER = join(import.meta.dirname!, "../../../../shared/testdata/promqltest");
const EVAL =
  /^\s*eval(?:_\w+)?\s+(?:instant(?:\s+at\s+\S+)?|range\s+from\s+\S+\s+to\s+\S+\s+step\s+\S+)\s+(.*)$/;

function scripts(): string[] {
  try {
    return readdirSync(FOLDER).filter((name) => name.endsWith(".test"));
  } catch {
    return [];
  }
}

const names = scripts();
const note = names.length === 0 ? " (skipped: ../shared/testdata/promqltest is absent)" : "";

Deno.test({
  name: `all queries of promqltest parse and print stably${note}`,
  ignore: names.length === 0,
  fn: () => {
    let queries = 0;
    for (const name of names) {
      for (const line of readFileSync(join(FOLDER, name), "utf8").split("\n")) {
        const query = EVAL.exec(line)?.[1];
        if (query === undefined) continue;
        queries++;
        const expr = parseExpr(query, ALL_PARSE_OPTIONS);
        const printed = printExpr(expr);
        strictEqual(printExpr(parseExpr(printed, ALL_PARSE_OPTIONS)), printed, query);
        strictEqual(printExpr(parseExpr(prettyExpr(expr), ALL_PARSE_OPTIONS)), printed, query);
      }
    }
    strictEqual(queries > 1_000, true);
  },
});
