/** What names of `--enable-feature` mean for expressions. */
import type { ParseOptions } from "../promql/parse.ts";

const DELAYED_NAME_REMOVAL = "promql-delayed-name-removal";
const PARSER_FEATURES = {
  "promql-experimental-functions": "experimentalFunctions",
  "promql-extended-range-selectors": "extendedRangeSelectors",
  "promql-binop-fill-modifiers": "binopFillModifiers",
} as const satisfies Readonly<Record<string, keyof ParseOptions>>;
/** Names without effect here: the default, or a matter of scraping. */
const IDLE: ReadonlySet<string> = new Set([
  "",
  "no-default-scrape-port",
  "promql-at-modifier",
  "promql-duration-expr",
  "promql-negative-offset",
]);

export interface PromqlFeatures {
  readonly parse: ParseOptions;
  readonly delayedNameRemoval: boolean;
  readonly unknown: readonly string[];
}

/** Of lists between commas. */
export function promqlFeaturesOf(lists: readonly string[]): PromqlFeatures {
  const names = lists.flatMap((list) => list.split(",")).map((name) => name.trim());
  const parse = Object.fromEntries(
    Object.entries(PARSER_FEATURES).map(([name, option]) => [option, names.includes(name)]),
  );
  return {
    parse,
    delayedNameRemoval: names.includes(DELAYED_NAME_REMOVAL),
    unknown: names.filter((name) =>
      !IDLE.has(name) && name !== DELAYED_NAME_REMOVAL && !Object.hasOwn(PARSER_FEATURES, name)
    ),
  };
}
