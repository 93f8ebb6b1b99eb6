/**
 * What html/template does before a template runs: follows the text through all its branches, finds the context of each
 * action, and appends the escapers it needs. A template that is called in several contexts is analysed in each and gets
 * a name for it. What cannot be told, such as branches that end in different contexts, is an error.
 */
import type { BranchNode, ListNode, Node, TemplateNode } from "../nodes.ts";
import type { ParsedTemplate, TemplateTable } from "../parser.ts";
import { quoteGo } from "../../model/labels.ts";
import { placeOf, TemplateError } from "../template_error.ts";
import { escapeAction } from "./action_escapers.ts";
import { type Context, contextText, inState, joined, nameIn, sameContext, TEXT } from "./context.ts";
import { HtmlError } from "./html_error.ts";
import { escapeText } from "./text_nodes.ts";

/** Loops are walked twice, so that loops within loops cost more than their size. */
const ANALYSIS_STEPS_MAX = 1_000_000;

interface Walked<N> {
  readonly node: N;
  readonly context: Context;
}

export class HtmlAnalysis {
  /** As parsed. */
  readonly #source: ReadonlyMap<string, ParsedTemplate>;
  /** Analysed, by their names in their contexts: what is executed. */
  readonly escaped: TemplateTable = new Map();
  /** The context after each analysed template; while it is being analysed, the one that is assumed. */
  #ends = new Map<string, Context>();
  #called = new Set<string>();
  #template: ParsedTemplate | undefined;
  #steps = 0;
  /** Contexts at the jumps out of the loop that is being walked. */
  #jumps: { readonly kind: "break" | "continue"; readonly at: number; readonly context: Context }[] = [];

  constructor(source: ReadonlyMap<string, ParsedTemplate>) {
    this.#source = source;
  }

  /** Makes a template ready to be executed by itself, where text stands. Throws a `TemplateError`. */
  escape(name: string): void {
    if (!this.#source.has(name)) throw new TemplateError(`html/template: ${quoteGo(name)} is undefined`);
    let end: Context;
    try {
      end = this.#tree(TEXT, name, undefined).context;
    } catch (error) {
      if (error instanceof HtmlError) {
        const place = error.line === undefined ? name : `${name}:${error.line}`;
        throw new TemplateError(`html/template:${place}: ${error.message}`, { cause: error });
      }
      throw error;
    }
    if (end.state !== "Text") {
      throw new TemplateError(`html/template:${name}: ends in a non-text context: ${contextText(end)}`);
    }
  }

  #tree(context: Context, name: string, call: TemplateNode | undefined): Walked<string> {
    const own = nameIn(context, name);
    this.#called.add(own);
    const known = this.#ends.get(own);
    if (known !== undefined) return { node: own, context: known };
    const source = this.#source.get(name);
    if (source === undefined) this.#fail(call!.at, `no such template ${quoteGo(name)}`);
    // A recursive call needs the end before it is known: the beginning is the first guess, what comes out the second.
    const first = this.#body(own, source, context, context);
    if (first.holds) return { node: own, context: first.end };
    const second = this.#body(own, source, context, first.end);
    if (!second.holds) {
      this.#fail(source.root.at, `cannot compute output context for template ${own}`, source);
    }
    return { node: own, context: second.end };
  }

  #body(
    own: string,
    source: ParsedTemplate,
    context: Context,
    assumed: Context,
  ): { readonly holds: boolean; readonly end: Context } {
    const outer = { ends: this.#ends, called: this.#called, template: this.#template, jumps: this.#jumps };
    this.#ends = new Map(outer.ends).set(own, assumed);
    this.#called = new Set();
    this.#template = source;
    this.#jumps = [];
    try {
      const { node, context: end } = this.#list(context, source.root);
      const holds = !this.#called.has(own) || sameContext(end, assumed);
      if (holds) {
        this.escaped.set(own, { ...source, root: node });
        outer.ends = this.#ends.set(own, end);
      }
      for (const name of this.#called) outer.called.add(name);
      return { holds, end };
    } finally {
      this.#ends = outer.ends;
      this.#called = outer.called;
      this.#template = outer.template;
      this.#jumps = outer.jumps;
    }
  }

  #list(before: Context, list: ListNode): Walked<ListNode> {
    const nodes: Node[] = [];
    let context = before;
    for (const node of list.nodes) {
      if (context.state === "Dead") {
        nodes.push(node); // never reached
        continue;
      }
      const walked = this.#node(context, node);
      nodes.push(walked.node);
      context = walked.context;
    }
    return { node: { ...list, nodes }, context };
  }

  #node(context: Context, node: Node): Walked<Node> {
    if (++this.#steps > ANALYSIS_STEPS_MAX) {
      this.#fail(node.at, `exceeded the limit of the analysis: more than ${ANALYSIS_STEPS_MAX} steps`);
    }
    switch (node.kind) {
      case "text": {
        const { text, context: after } = escapeText(context, node.text);
        return { node: { ...node, text }, context: after };
      }
      case "action":
        try {
          const { action, context: after } = escapeAction(context, node);
          return { node: action, context: after };
        } catch (error) {
          if (error instanceof HtmlError) this.#fail(node.at, error.message);
          throw error;
        }
      case "if":
      case "with":
        return this.#branch(context, node);
      case "range":
        return this.#range(context, node);
      case "break":
      case "continue":
        this.#jumps.push({ kind: node.kind, at: node.at, context });
        return { node, context: inState("Dead") };
      case "template": {
        const { node: name, context: after } = this.#tree(context, node.name, node);
        return { node: { ...node, name }, context: after };
      }
      case "list":
        return this.#list(context, node);
    }
  }

  #branch(context: Context, node: BranchNode): Walked<Node> {
    const { node: list, context: after } = this.#list(context, node.list);
    return this.#withElse(context, { ...node, list }, after);
  }

  #withElse(before: Context, node: BranchNode, after: Context): Walked<Node> {
    if (node.elseList === undefined) return { node, context: this.#join(after, before, node, "") };
    const { node: elseList, context } = this.#list(before, node.elseList);
    return { node: { ...node, elseList }, context: this.#join(after, context, node, "") };
  }

  /** A loop must end where it began, also when it is left early. */
  #range(context: Context, node: BranchNode): Walked<Node> {
    const outer = this.#jumps;
    this.#jumps = [];
    const { node: list, context: once } = this.#list(context, node.list);
    const ended = this.#joinJumps(once, node);
    this.#jumps = [];
    let twice: Context;
    try {
      twice = this.#list(ended, node.list).context;
    } catch (error) {
      if (!(error instanceof TemplateError) && !(error instanceof HtmlError)) throw error;
      this.#reentryFailed(error, node);
    }
    const after = this.#joinJumps(this.#join(ended, twice, node, "on range loop re-entry: "), node);
    this.#jumps = outer;
    return this.#withElse(context, { ...node, list }, after);
  }

  #reentryFailed(error: TemplateError | HtmlError, { at }: BranchNode): never {
    const said = "on range loop re-entry: ";
    if (error instanceof HtmlError) {
      throw new HtmlError(said + error.message, placeOf(this.#template!.text, at).line, { cause: error });
    }
    throw new TemplateError(error.message.replace(/^(html\/template:.*?:[0-9]+:[0-9]+: )/, `$1${said}`), {
      cause: error,
    });
  }

  #joinJumps(context: Context, node: BranchNode): Context {
    let after = context;
    for (const { kind, at, context: jumped } of this.#jumps) {
      after = joined(after, jumped) ?? this.#differ(after, jumped, node, `at range loop ${kind}: `, at);
    }
    return after;
  }

  #join(a: Context, b: Context, node: BranchNode, said: string): Context {
    return joined(a, b) ?? this.#differ(a, b, node, said, node.at);
  }

  #differ(a: Context, b: Context, { kind }: BranchNode, said: string, at: number): never {
    const contexts = `${contextText(a)}, ${contextText(b)}`;
    return this.#fail(at, `${said}{{${kind}}} branches end in different contexts: ${contexts}`);
  }

  #fail(at: number, message: string, { textName, text } = this.#template!): never {
    const { line, column } = placeOf(text, at);
    throw new TemplateError(`html/template:${textName}:${line}:${column}: ${message}`);
  }
}
