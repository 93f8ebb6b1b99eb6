/**
 * A template in Go's text/template language, read once and expanded as often as wanted. Templates know the functions
 * that they are given and nothing of the world; each expansion is bounded in steps, text and depth.
 */
import { BUILTINS, type FunctionTable } from "./builtins.ts";
import { TEMPLATE_LIMITS, TemplateBudget, type TemplateLimits } from "./budget.ts";
import { execute } from "./exec.ts";
import { parseTemplate, type TemplateTable } from "./parser.ts";
import type { GoValue } from "./values.ts";

export interface ExpandOptions {
  readonly data: GoValue;
  /** Those of `functions` whose work depends on the moment (`query`, `externalURL`): same names. */
  readonly functions?: FunctionTable;
  /** What every printed value goes through, e.g. HTML escaping. */
  readonly escape?: (text: string, value: GoValue) => string;
  /** Default: `TEMPLATE_LIMITS`. */
  readonly limits?: TemplateLimits;
  readonly signal?: AbortSignal;
}

export class Template {
  readonly #table: TemplateTable = new Map();
  readonly #functions: FunctionTable;

  /** `functions` are known besides Go's own. */
  constructor(readonly name: string, functions: FunctionTable = new Map()) {
    this.#functions = new Map([...BUILTINS, ...functions]);
  }

  /** Adds a text under a name, and what it defines. Throws a `TemplateError`. */
  parse(text: string, name: string = this.name): this {
    parseTemplate(name, text, this.#table, (word) => this.#functions.has(word));
    return this;
  }

  /** Names that are defined, sorted. */
  definedNames(): readonly string[] {
    return [...this.#table.keys()].sort();
  }

  /** Rejects with a `TemplateError`, or with the reason of the signal. */
  expand(options: ExpandOptions, name: string = this.name): Promise<string> {
    const { data, functions, escape, limits = TEMPLATE_LIMITS, signal } = options;
    return execute(
      {
        table: this.#table,
        functions: functions === undefined
          ? this.#functions
          : { get: (word) => functions.get(word) ?? this.#functions.get(word) },
        budget: new TemplateBudget(limits, this.name, signal),
        ...(escape === undefined ? {} : { escape }),
      },
      name,
      data,
    );
  }
}
