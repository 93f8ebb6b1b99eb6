/**
 * The templates in an alert's labels and annotations: read once a rule, expanded once a series. A template that fails
 * puts its error in the place of its text, and the alert goes on. A text without a template costs nothing.
 */
import { messageOf } from "../core/errors.ts";
import type { EpochMs } from "../core/time.ts";
import { formatHistogram } from "../model/histogram/format.ts";
import { histogramAt } from "../model/histogram_cell.ts";
import type { Labels } from "../model/labels.ts";
import { wordsOf } from "../model/stale.ts";
import type { FunctionTable } from "../template/builtins.ts";
import { prometheusFunctions, type TemplateSample } from "../template/prometheus_functions.ts";
import { Template } from "../template/template.ts";
import { GoMap, GoStruct, type GoValue } from "../template/values.ts";
import type { AlertingRule, RuleLabels } from "./rule.ts";
import type { RuleVector } from "./vector.ts";

/** As Prometheus puts them before each text, so that columns in its errors are the same. */
const DEFINITIONS = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}" +
  "{{$externalURL := .ExternalURL}}{{$value := .Value}}";

const NOWHERE = {
  query: () => Promise.reject(new Error("no query here")),
  nowMs: () => 0,
  externalUrl: "http://localhost",
};
const FUNCTIONS = prometheusFunctions(NOWHERE);

/** What templates may ask at one evaluation of a rule. */
export interface ExpansionWorld {
  readonly query: (expr: string) => Promise<RuleVector>;
  readonly tMs: EpochMs;
  readonly externalLabels: Labels;
  readonly externalUrl: string;
  readonly signal: AbortSignal;
}

/** Throws a `TemplateError` for a text that cannot be read. */
export function parseAlertTemplate(alertName: string, text: string): Template {
  return new Template(`__alert_${alertName}`, FUNCTIONS).parse(DEFINITIONS + text);
}

/** A text, and the template in it if there is one. */
type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "template"; readonly template: Template }
  /** Known to be bad only by those who load no files: a loaded rule has none. */
  | { readonly kind: "broken"; readonly reason: string };

interface RuleTemplates {
  readonly labels: readonly (readonly [name: string, part: Part])[];
  readonly annotations: readonly (readonly [name: string, part: Part])[];
  /** Nothing to expand: the annotations are the same for every series. */
  readonly areTexts: boolean;
}

const templatesByRule = new WeakMap<AlertingRule, RuleTemplates>();

function templatesOf(rule: AlertingRule): RuleTemplates {
  let known = templatesByRule.get(rule);
  if (known === undefined) {
    const parts = (texts: RuleLabels) =>
      texts.map(([name, text]) => [name, partOf(rule.name, text)] as const);
    const labels = parts(rule.labels);
    const annotations = parts(rule.annotations);
    const areTexts = [...labels, ...annotations].every(([, part]) => part.kind === "text");
    known = { labels, annotations, areTexts };
    templatesByRule.set(rule, known);
  }
  return known;
}

function partOf(alertName: string, text: string): Part {
  // As Go: without an opening there is no action, whatever else stands there.
  if (!text.includes("{{")) return { kind: "text", text };
  try {
    return { kind: "template", template: parseAlertTemplate(alertName, text) };
  } catch (error) {
    return { kind: "broken", reason: `error parsing template __alert_${alertName}: ${messageOf(error)}` };
  }
}

export interface Expansion {
  /** Of the rule, values expanded: an empty one takes the label away. */
  readonly labels: RuleLabels;
  readonly annotations: RuleLabels;
}

/** Expands the templates of one rule for one evaluation, series by series. */
export class AlertExpander {
  readonly #rule: AlertingRule;
  readonly #world: ExpansionWorld;
  readonly #templates: RuleTemplates;
  /** Made for the first series: most alerting rules find none. */
  #functions: FunctionTable | undefined;
  #externalLabels: GoMap | undefined;
  /** Errors that went into texts, the first of each template's words. */
  readonly failures: string[] = [];

  constructor(rule: AlertingRule, world: ExpansionWorld) {
    this.#rule = rule;
    this.#world = world;
    this.#templates = templatesOf(rule);
  }

  /** Undefined where nothing depends on the series: the rule's own texts stand. */
  get constant(): Expansion | undefined {
    return this.#templates.areTexts ? this.#rule : undefined;
  }

  async expand(vector: RuleVector, index: number): Promise<Expansion> {
    if (this.#templates.areTexts) return this.#rule;
    const { externalUrl, externalLabels } = this.#world;
    this.#externalLabels ??= mapOf(externalLabels);
    const data = new GoStruct({
      typeName: "template.alertTemplateData",
      fields: new Map<string, GoValue>([
        ["Labels", mapOf(vector.labels[index]!)],
        ["ExternalLabels", this.#externalLabels],
        ["ExternalURL", externalUrl],
        ["Value", valueOf(vector, index)],
      ]),
    });
    const all = async (parts: RuleTemplates["labels"]) => {
      const done: (readonly [string, string])[] = [];
      for (const [name, part] of parts) done.push([name, await this.#text(part, data)]);
      return done;
    };
    return { labels: await all(this.#templates.labels), annotations: await all(this.#templates.annotations) };
  }

  async #text(part: Part, data: GoValue): Promise<string> {
    if (part.kind === "text") return part.text;
    const name = `__alert_${this.#rule.name}`;
    const reason = part.kind === "broken"
      ? part.reason
      : await this.#expandTemplate(part.template, data, name);
    if (typeof reason !== "string") return reason.text;
    this.failures.push(reason);
    return `<error expanding template: ${reason}>`;
  }

  async #expandTemplate(
    template: Template,
    data: GoValue,
    name: string,
  ): Promise<{ readonly text: string } | string> {
    const { signal } = this.#world;
    const functions = this.#functions ??= functionsOf(this.#world);
    try {
      return { text: await template.expand({ data, functions, signal }) };
    } catch (error) {
      signal.throwIfAborted();
      return `error executing template ${name}: ${messageOf(error)}`;
    }
  }
}

function functionsOf({ query, tMs, externalUrl }: ExpansionWorld): FunctionTable {
  return prometheusFunctions({
    query: async (expr) => samplesOf(await query(expr)),
    nowMs: () => tMs,
    externalUrl,
  });
}

function mapOf(labels: Labels): GoMap {
  const entries: [string, string][] = [];
  for (let i = 0; i < labels.length; i += 2) entries.push([labels[i]!, labels[i + 1]!]);
  return GoMap.ofStrings(entries);
}

function valueOf({ values, histograms }: RuleVector, index: number): GoValue {
  const histogram = histogramAt(wordsOf(values), index, histograms);
  if (histogram === undefined) return values[index]!;
  return new GoStruct({ typeName: "*histogram.FloatHistogram", text: formatHistogram(histogram) });
}

/** As Prometheus: the float of a histogram is 0. */
function samplesOf({ labels, values, histograms }: RuleVector): readonly TemplateSample[] {
  const words = wordsOf(values);
  return labels.map((own, i) => ({
    labels: own,
    value: histogramAt(words, i, histograms) === undefined ? values[i]! : 0,
  }));
}
