/**
 * Carries a template out over a value, as Go's text/template with `missingkey=zero`. Functions may be asynchronous
 * (`query` is). Errors say where in the template, and what was being evaluated.
 */
import { UserError } from "../core/errors.ts";
import type { TemplateBudget } from "./budget.ts";
import type {
  BranchNode,
  CommandNode,
  IdentifierNode,
  ListNode,
  Node,
  NumberNode,
  Operand,
  PipeNode,
  TemplateNode,
} from "./nodes.ts";
import { printNode } from "./nodes.ts";
import type { ParsedTemplate, TemplateTable } from "./parser.ts";
import { printValue } from "./print_value.ts";
import { quoteGo } from "../model/labels.ts";
import { CallError, placeOf, TemplateError } from "./template_error.ts";
import {
  fitArgument,
  GoFunction,
  GoMap,
  GoStruct,
  type GoValue,
  isSlice,
  isTrue,
  type ParameterType,
  typeNameOf,
} from "./values.ts";

/** No value came from the stage before: nil is one. */
const NONE = Symbol("none");
type Final = GoValue | typeof NONE;

export interface Execution {
  readonly table: TemplateTable;
  readonly functions: Pick<ReadonlyMap<string, GoFunction>, "get">;
  readonly budget: TemplateBudget;
  /** What a printed value goes through, e.g. HTML escaping; not the text between actions. */
  readonly escape?: (text: string, value: GoValue) => string;
}

/** Throws a `TemplateError`; whatever the signal of the budget was aborted with. */
export async function execute(execution: Execution, name: string, data: GoValue): Promise<string> {
  const template = execution.table.get(name);
  if (template === undefined) throw new TemplateError(`template: no template ${quoteGo(name)}`);
  const run = new Run(execution, name, template, data, 0);
  await run.walkRoot(data);
  return run.output.join("");
}

class Run {
  output: string[] = [];
  readonly #variables: { readonly name: string; value: GoValue }[];
  /** What an error names. */
  #at: Node | Operand | CommandNode;

  constructor(
    readonly execution: Execution,
    readonly name: string,
    readonly template: ParsedTemplate,
    data: GoValue,
    readonly depth: number,
  ) {
    this.#at = template.root;
    this.#variables = [{ name: "$", value: data }];
  }

  async walkRoot(dot: GoValue): Promise<void> {
    await this.#list(dot, this.template.root);
  }

  #fail(message: string, options?: ErrorOptions): never {
    const { textName, text } = this.template;
    const { line, column } = placeOf(text, this.#at.at);
    const context = printNode(this.#at);
    throw new TemplateError(
      `template: ${textName}:${line}:${column}: executing ${quoteGo(this.name)} at <${context}>: ${message}`,
      options,
    );
  }

  /** Undefined, or how a loop is left. */
  async #list(dot: GoValue, list: ListNode): Promise<"break" | "continue" | undefined> {
    for (const node of list.nodes) {
      const jump = await this.#walk(dot, node);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  async #walk(dot: GoValue, node: Node): Promise<"break" | "continue" | undefined> {
    this.execution.budget.step();
    this.#at = node;
    switch (node.kind) {
      case "text":
        this.#print(node.text);
        return undefined;
      case "action": {
        const value = await this.#pipeline(dot, node.pipe);
        if (node.pipe.declared.length > 0) return undefined;
        this.#at = node;
        const text = printValue(value);
        this.#print(this.execution.escape === undefined ? text : this.execution.escape(text, value));
        return undefined;
      }
      case "break":
      case "continue":
        return node.kind;
      case "if":
      case "with":
        return await this.#ifOrWith(dot, node);
      case "range":
        return await this.#range(dot, node);
      case "template":
        await this.#template(dot, node);
        return undefined;
      case "list":
        return await this.#list(dot, node);
    }
  }

  #print(text: string): void {
    this.execution.budget.text(text.length);
    this.output.push(text);
  }

  async #ifOrWith(dot: GoValue, node: BranchNode): Promise<"break" | "continue" | undefined> {
    const scope = this.#variables.length;
    const value = await this.#pipeline(dot, node.pipe);
    let jump: "break" | "continue" | undefined;
    if (isTrue(value)) jump = await this.#list(node.kind === "with" ? value : dot, node.list);
    else if (node.elseList !== undefined) jump = await this.#list(dot, node.elseList);
    this.#variables.length = scope;
    return jump;
  }

  async #range(dot: GoValue, node: BranchNode): Promise<undefined> {
    const scope = this.#variables.length;
    const value = await this.#pipeline(dot, node.pipe);
    const items = this.#itemsOf(value, node);
    const mark = this.#variables.length;
    for (const [key, item] of items) {
      this.execution.budget.step();
      this.#assignRange(node.pipe, key, item, typeof value === "bigint");
      const jump = await this.#list(item, node.list);
      this.#variables.length = mark;
      if (jump === "break") break;
    }
    if (items.length === 0 && node.elseList !== undefined) await this.#list(dot, node.elseList);
    this.#variables.length = scope;
    return undefined;
  }

  #itemsOf(value: GoValue, node: BranchNode): readonly (readonly [GoValue, GoValue])[] {
    if (value === undefined) return [];
    if (isSlice(value)) return value.map((item, index) => [BigInt(index), item]);
    if (value instanceof GoMap) return value.sortedKeys().map((key) => [key, value.entries.get(key)]);
    if (typeof value === "bigint") {
      if (value > BigInt(this.execution.budget.limits.stepsMax)) {
        this.#fail(`range over ${value} exceeds the limit of ${this.execution.budget.limits.stepsMax} steps`);
      }
      return Array.from({ length: Math.max(0, Number(value)) }, (_, i) => [BigInt(i), BigInt(i)]);
    }
    this.#at = node.pipe;
    return this.#fail(`range can't iterate over ${printValue(value)}`);
  }

  /** The last name is the item's, the one before it the key's. */
  #assignRange({ declared, assigns }: PipeNode, key: GoValue, item: GoValue, isCount: boolean): void {
    const last = declared.at(-1);
    if (last === undefined) return;
    if (isCount && declared.length > 1) this.#fail("range over int permits only one iteration variable");
    const values = declared.length > 1 ? [key, item] : [item];
    for (const [index, { names }] of declared.entries()) {
      if (assigns) this.#setVariable(names[0]!, values[index]);
      else this.#variables.push({ name: names[0]!, value: values[index] });
    }
  }

  async #template(dot: GoValue, node: TemplateNode): Promise<void> {
    const { execution, depth } = this;
    const template = execution.table.get(node.name);
    if (template === undefined) this.#fail(`template ${quoteGo(node.name)} not defined`);
    const { depthMax } = execution.budget.limits;
    if (depth === depthMax) this.#fail(`exceeded maximum template depth (${depthMax})`);
    const data = node.pipe === undefined ? undefined : await this.#pipeline(dot, node.pipe);
    const run = new Run(execution, node.name, template, data, depth + 1);
    run.output = this.output;
    await run.walkRoot(data);
  }

  #setVariable(name: string, value: GoValue): void {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (found === undefined) this.#fail(`undefined variable: ${name}`);
    found.value = value;
  }

  async #pipeline(dot: GoValue, pipe: PipeNode): Promise<GoValue> {
    this.#at = pipe;
    let value: Final = NONE;
    for (const command of pipe.commands) value = await this.#command(dot, command, value);
    const result = value === NONE ? undefined : value;
    // A range gives its names their values itself, one item at a time: only the scope is opened here.
    for (const { names } of pipe.declared) {
      if (pipe.assigns) this.#setVariable(names[0]!, result);
      else this.#variables.push({ name: names[0]!, value: result });
    }
    return result;
  }

  async #command(dot: GoValue, command: CommandNode, final: Final): Promise<GoValue> {
    this.execution.budget.step();
    const [first] = command.args;
    const takesArguments = (value: GoValue): GoValue => {
      if (command.args.length > 1 || final !== NONE) {
        this.#at = first!;
        this.#fail(`can't give argument to non-function ${printNode(first!)}`);
      }
      return value;
    };
    switch (first!.kind) {
      case "field":
        this.#at = first!;
        return await this.#fieldChain(dot, dot, first!, first!.names, command.args, final);
      case "chain": {
        const value = await this.#operand(dot, first!.node);
        return await this.#fieldChain(dot, value, first!, first!.names, command.args, final);
      }
      case "variable":
        return await this.#variable(dot, first!, first!.names, command.args, final);
      case "identifier":
        return await this.#function(dot, first!, command, command.args, final);
      case "pipe":
        takesArguments(undefined);
        return await this.#pipeline(dot, first!);
      case "nil":
        this.#at = first!;
        return this.#fail("nil is not a command");
      default:
        takesArguments(undefined);
        return await this.#operand(dot, first!);
    }
  }

  /** An argument, or the inside of a chain. */
  async #operand(dot: GoValue, node: Operand): Promise<GoValue> {
    this.#at = node;
    switch (node.kind) {
      case "dot":
        return dot;
      case "nil":
        return undefined;
      case "bool":
        return node.value;
      case "string":
        return node.text;
      case "number":
        return this.#constant(node);
      case "field":
        return await this.#fieldChain(dot, dot, node, node.names, [node], NONE);
      case "variable":
        return await this.#variable(dot, node, node.names, [node], NONE);
      case "identifier":
        return await this.#function(dot, node, node, [node], NONE);
      case "chain":
        return await this.#fieldChain(
          dot,
          await this.#operand(dot, node.node),
          node,
          node.names,
          [node],
          NONE,
        );
      case "pipe":
        return await this.#pipeline(dot, node);
    }
  }

  /** Without a type that it must fit: an integer where it is written as one. */
  #constant({ text, integer, float }: NumberNode): GoValue {
    const looksFloat = !/^[+-]?0[xX]/.test(text) && !text.startsWith("'") && /[.eEpP]/.test(text);
    if (float !== undefined && looksFloat) return float;
    if (integer === undefined || integer >= 2n ** 63n) this.#fail(`${text} overflows int`);
    return integer;
  }

  async #variable(
    dot: GoValue,
    node: Operand,
    [name, ...fields]: readonly string[],
    args: readonly Operand[],
    final: Final,
  ): Promise<GoValue> {
    this.#at = node;
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (found === undefined) this.#fail(`undefined variable: ${name}`);
    if (fields.length > 0) return await this.#fieldChain(dot, found.value, node, fields, args, final);
    if (args.length > 1 || final !== NONE) {
      this.#fail(`can't give argument to non-function ${printNode(node)}`);
    }
    return found.value;
  }

  /** Only the last field may take arguments. */
  async #fieldChain(
    dot: GoValue,
    receiver: GoValue,
    node: Operand,
    names: readonly string[],
    args: readonly Operand[],
    final: Final,
  ): Promise<GoValue> {
    let value = receiver;
    for (const name of names.slice(0, -1)) value = await this.#field(dot, name, node, [node], NONE, value);
    return await this.#field(dot, names.at(-1)!, node, args, final, value);
  }

  async #field(
    dot: GoValue,
    name: string,
    node: Operand,
    args: readonly Operand[],
    final: Final,
    receiver: GoValue,
  ): Promise<GoValue> {
    const hasArguments = args.length > 1 || final !== NONE;
    if (receiver === undefined) {
      // Without any data a field is nothing; a nil within the data is a mistake.
      if (node.kind === "field" && dot === undefined) return undefined;
      this.#fail(`nil pointer evaluating interface {}.${name}`);
    }
    if (receiver instanceof GoMap || receiver instanceof GoStruct) {
      const method = receiver.methods.get(name);
      if (method !== undefined) return await this.#call(dot, method, name, node, args, final);
    }
    if (receiver instanceof GoStruct && receiver.fields.has(name)) {
      if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
      return receiver.fields.get(name);
    }
    if (receiver instanceof GoMap) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
      return receiver.entries.has(name) ? receiver.entries.get(name) : receiver.zero;
    }
    return this.#fail(`can't evaluate field ${name} in type ${typeNameOf(receiver)}`);
  }

  async #function(
    dot: GoValue,
    { name }: IdentifierNode,
    node: Operand | CommandNode,
    args: readonly Operand[],
    final: Final,
  ): Promise<GoValue> {
    this.#at = args[0]!;
    if (name === "and" || name === "or") return await this.#shortCircuit(dot, name, args, final);
    const found = this.execution.functions.get(name);
    if (found === undefined) this.#fail(`${quoteGo(name)} is not a defined function`);
    return await this.#call(dot, found, name, node, args, final);
  }

  async #shortCircuit(
    dot: GoValue,
    name: "and" | "or",
    [, ...args]: readonly Operand[],
    final: Final,
  ): Promise<GoValue> {
    if (args.length === 0 && final === NONE) {
      this.#fail(`wrong number of args for ${name}: want at least 1 got 0`);
    }
    let value: GoValue;
    for (const arg of args) {
      value = await this.#operand(dot, arg);
      if (isTrue(value) === (name === "or")) return value;
    }
    return final === NONE ? value : final;
  }

  async #call(
    dot: GoValue,
    called: GoFunction,
    name: string,
    node: Operand | CommandNode,
    [, ...nodes]: readonly Operand[],
    final: Final,
  ): Promise<GoValue> {
    const { params, rest } = called;
    const count = nodes.length + (final === NONE ? 0 : 1);
    if (rest === undefined ? count !== params.length : count < params.length) {
      const wanted = rest === undefined ? String(params.length) : `at least ${params.length}`;
      this.#fail(`wrong number of args for ${name}: want ${wanted} got ${count}`);
    }
    const values: GoValue[] = [];
    for (const [index, arg] of nodes.entries()) {
      values.push(await this.#argument(dot, params[index] ?? rest!, arg));
    }
    this.#at = node;
    try {
      if (final !== NONE) values.push(fitArgument(final, params[values.length] ?? rest!));
    } catch (error) {
      this.#rethrow(error);
    }
    try {
      const result = await called.call(values);
      if (typeof result === "string") this.execution.budget.text(result.length);
      return result;
    } catch (error) {
      this.#at = node;
      const complaint = error instanceof CallError ||
        (error instanceof UserError && !(error instanceof TemplateError));
      if (complaint) this.#fail(`error calling ${name}: ${error.message}`, { cause: error });
      throw error;
    }
  }

  /** A literal takes the type that is wanted, if it can. */
  async #argument(dot: GoValue, type: ParameterType, node: Operand): Promise<GoValue> {
    this.#at = node;
    if (node.kind === "number" && type === "float" && node.float !== undefined) return node.float;
    if (node.kind === "number" && type === "int" && node.integer !== undefined) return node.integer;
    const literal = node.kind === "number" || node.kind === "string" || node.kind === "bool";
    if (literal && type !== "any" && type !== KIND_TYPES[node.kind]) {
      this.#fail(`expected ${EXPECTED[typeof type === "string" ? type : "any"]}; found ${printNode(node)}`);
    }
    if (node.kind === "nil" && (type === "string" || type === "int" || type === "float" || type === "bool")) {
      this.#fail(`cannot assign nil to ${type === "float" ? "float64" : type}`);
    }
    const value = await this.#operand(dot, node);
    try {
      return fitArgument(value, type);
    } catch (error) {
      this.#at = node;
      return this.#rethrow(error);
    }
  }

  #rethrow(error: unknown): never {
    if (error instanceof CallError) this.#fail(error.message, { cause: error });
    throw error;
  }
}

const KIND_TYPES = { string: "string", bool: "bool", number: "number" } as const;
const EXPECTED: Readonly<Record<string, string>> = {
  string: "string",
  bool: "bool",
  int: "integer",
  float: "float",
  any: "value",
  slice: "value",
  map: "value",
};
