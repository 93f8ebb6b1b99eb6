/**
 * A template for a page, as Go's html/template: each printed value is escaped for the place where it stands. Knows
 * `tmpl`, which executes a template whose name is a value and answers markup, and `safeHtml`.
 */
import { BUILTINS, type FunctionTable, functionTable } from "../builtins.ts";
import { TEMPLATE_LIMITS, TemplateBudget } from "../budget.ts";
import { execute, type Execution } from "../exec.ts";
import { parseTemplate, type TemplateTable } from "../parser.ts";
import type { ExpandOptions } from "../template.ts";
import { CallError, TemplateError } from "../template_error.ts";
import type { GoFunctionOptions } from "../values.ts";
import { HtmlAnalysis } from "./analysis.ts";
import { ESCAPERS } from "./escapers.ts";
import { SafeHtml } from "./safe_html.ts";

const SAFE_HTML: GoFunctionOptions = { params: ["string"], call: ([text]) => new SafeHtml(String(text)) };
const TMPL = { params: ["string", "any"] as const };

export class HtmlTemplate {
  readonly #table: TemplateTable = new Map();
  readonly #functions: FunctionTable;

  /** `functions` are known besides Go's own, `tmpl` and `safeHtml`. */
  constructor(readonly name: string, functions: FunctionTable = new Map()) {
    this.#functions = new Map([
      ...BUILTINS,
      ...functions,
      ...functionTable({ safeHtml: SAFE_HTML, tmpl: { ...TMPL, call: () => undefined } }),
      ...ESCAPERS,
    ]);
  }

  /** Adds a text under a name, and what it defines. Throws a `TemplateError`. */
  parse(text: string, name: string = this.name): this {
    parseTemplate(name, text, this.#table, (word) => this.#functions.has(word) && !ESCAPERS.has(word));
    return this;
  }

  /** Rejects with a `TemplateError`, or with the reason of the signal. */
  expand(options: Omit<ExpandOptions, "escape">): Promise<string> {
    const { data, functions = new Map(), limits = TEMPLATE_LIMITS, signal } = options;
    const analysis = new HtmlAnalysis(this.#table);
    let depth = 0;
    const tmpl: GoFunctionOptions = {
      ...TMPL,
      call: async ([given, value]) => {
        const name = String(given);
        if (depth === limits.depthMax) {
          throw new CallError(`exceeded maximum template depth (${limits.depthMax})`);
        }
        depth++;
        try {
          analysis.escape(name);
          return new SafeHtml(await execute(execution, name, value));
        } catch (error) {
          if (error instanceof TemplateError) throw new CallError(error.message, { cause: error });
          throw error;
        } finally {
          depth--;
        }
      },
    };
    const execution: Execution = {
      table: analysis.escaped,
      functions: new Map([
        ...this.#functions,
        ...functions,
        ...functionTable({ safeHtml: SAFE_HTML, tmpl }),
      ]),
      budget: new TemplateBudget(limits, this.name, signal),
    };
    return this.#run(analysis, execution, data);
  }

  async #run(analysis: HtmlAnalysis, execution: Execution, data: ExpandOptions["data"]): Promise<string> {
    analysis.escape(this.name);
    return await execute(execution, this.name, data);
  }
}
