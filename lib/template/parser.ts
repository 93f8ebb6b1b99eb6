/**
 * Tokens to trees, by recursive descent, with Go's words for what is wrong. One text may define several templates
 * (`define`, `block`); all of them land in one table. Nesting is bounded, so that no text overflows the stack.
 */
import { describeToken, type Token, tokenize, type TokenKind } from "./lexer.ts";
import type {
  BranchNode,
  ChainNode,
  CommandNode,
  ListNode,
  Node,
  NumberNode,
  Operand,
  PipeNode,
  TemplateNode,
  VariableNode,
} from "./nodes.ts";
import { printNode } from "./nodes.ts";
import { numberOf } from "./number_literal.ts";
import { unquote } from "./quote.ts";
import { quoteGo } from "../model/labels.ts";
import { placeOf, TemplateError } from "./template_error.ts";

/** Actions and parentheses within each other: far beyond any template that a person wrote. */
export const TEMPLATE_NESTING_MAX = 400;

export interface ParsedTemplate {
  /** Of the text, which errors show; not of the definition. */
  readonly textName: string;
  readonly text: string;
  readonly root: ListNode;
}

export type TemplateTable = Map<string, ParsedTemplate>;

/**
 * Adds what `text` defines to `table`: itself under `name` (unless it is empty but for definitions and the name is
 * taken), and each `define`. Throws a `TemplateError`.
 */
export function parseTemplate(
  name: string,
  text: string,
  table: TemplateTable,
  isFunction: (name: string) => boolean,
): void {
  new Parser(name, text, table, isFunction).parse();
}

/** What a list of nodes ends with. */
interface ListEnd {
  readonly kind: "end" | "else";
}

function isListEnd(node: Node | ListEnd): node is ListEnd {
  return node.kind === "end" || node.kind === "else";
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #variables: string[] = ["$"];
  #depth = 0;
  #rangeDepth = 0;
  /** By this text: another one may replace a definition. */
  readonly #defined = new Set<string>();

  constructor(
    readonly name: string,
    readonly text: string,
    readonly table: TemplateTable,
    readonly isFunction: (name: string) => boolean,
  ) {
    this.#tokens = tokenize(text);
  }

  parse(): void {
    const nodes: Node[] = [];
    while (this.#peek().kind !== "eof") {
      const token = this.#peek();
      if (token.kind === "leftDelim") {
        const mark = this.#next++;
        if (this.#nextNonSpace().kind === "define") {
          this.#definition();
          continue;
        }
        this.#next = mark;
      }
      const node = this.#textOrAction();
      if (isListEnd(node)) this.#fail(`unexpected {{${node.kind}}}`);
      nodes.push(node);
    }
    this.#add(this.name, { kind: "list", at: 0, nodes });
  }

  #add(name: string, root: ListNode): void {
    const old = this.table.get(name);
    if (old !== undefined && !isEmpty(old.root)) {
      if (isEmpty(root)) return;
      if (this.#defined.has(name)) {
        this.#fail(`template: multiple definition of template ${quoteGo(name)}`);
      }
    }
    this.#defined.add(name);
    this.table.set(name, { textName: this.name, text: this.text, root });
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)]!;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #nextNonSpace(): Token {
    while (this.#peek().kind === "space") this.#next++;
    return this.#take();
  }

  #peekNonSpace(): Token {
    while (this.#peek().kind === "space") this.#next++;
    return this.#peek();
  }

  #fail(
    message: string,
    at = this.#tokens[Math.max(0, Math.min(this.#next, this.#tokens.length) - 1)]!.at,
  ): never {
    throw new TemplateError(`template: ${this.name}:${placeOf(this.text, at).line}: ${message}`);
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind === "error") this.#fail(token.text, token.at);
    this.#fail(`unexpected ${describeToken(token)} in ${context}`, token.at);
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#nextNonSpace();
    if (token.kind !== kind) this.#unexpected(token, context);
    return token;
  }

  #nested<Result>(run: () => Result): Result {
    if (++this.#depth > TEMPLATE_NESTING_MAX) this.#fail(`nested deeper than ${TEMPLATE_NESTING_MAX} levels`);
    const result = run();
    this.#depth--;
    return result;
  }

  #definition(): void {
    const context = "define clause";
    const name = this.#stringOf(this.#nextNonSpace(), context);
    this.#expect("rightDelim", context);
    const [variables, rangeDepth] = [this.#variables, this.#rangeDepth];
    [this.#variables, this.#rangeDepth] = [["$"], 0];
    const { list, end } = this.#list();
    if (end !== "end") this.#fail(`unexpected {{${end}}} in ${context}`);
    [this.#variables, this.#rangeDepth] = [variables, rangeDepth];
    this.#add(name, list);
  }

  #stringOf(token: Token, context: string): string {
    if (token.kind !== "string" && token.kind !== "rawString") this.#unexpected(token, context);
    return unquote(token.text) ?? this.#fail("invalid syntax", token.at);
  }

  /** Nodes up to `{{end}}` or `{{else}}`, which is eaten as far as its word. */
  #list(): { readonly list: ListNode; readonly end: "end" | "else" } {
    const nodes: Node[] = [];
    const at = this.#peekNonSpace().at;
    while (this.#peekNonSpace().kind !== "eof") {
      const node = this.#textOrAction();
      if (isListEnd(node)) return { list: { kind: "list", at, nodes }, end: node.kind };
      nodes.push(node);
    }
    this.#next++;
    return this.#fail("unexpected EOF");
  }

  #textOrAction(): Node | ListEnd {
    const token = this.#nextNonSpace();
    if (token.kind === "text") return { kind: "text", at: token.at, text: token.text };
    if (token.kind !== "leftDelim") this.#unexpected(token, "input");
    return this.#nested(() => this.#action());
  }

  #action(): Node | ListEnd {
    const token = this.#nextNonSpace();
    switch (token.kind) {
      case "block":
        return this.#block(token);
      case "break":
      case "continue": {
        const end = this.#nextNonSpace();
        if (end.kind !== "rightDelim") this.#unexpected(end, `{{${token.kind}}}`);
        if (this.#rangeDepth === 0) this.#fail(`{{${token.kind}}} outside {{range}}`);
        return { kind: token.kind, at: token.at };
      }
      case "else": {
        const next = this.#peekNonSpace();
        // `else if` and `else with` are a branch of their own within this one.
        if (next.kind !== "if" && next.kind !== "with") this.#expect("rightDelim", "else");
        return { kind: "else" };
      }
      case "end":
        this.#expect("rightDelim", "end");
        return { kind: "end" };
      case "if":
      case "range":
      case "with":
        return this.#branch(token.kind, this.#peekNonSpace().at);
      case "template":
        return this.#template();
    }
    this.#next--;
    const at = this.#peek().at;
    return { kind: "action", at, pipe: this.#pipeline("command", "rightDelim") };
  }

  #branch(kind: BranchNode["kind"], at: number): BranchNode {
    const scope = this.#variables.length;
    const pipe = this.#pipeline(kind, "rightDelim");
    if (kind === "range") this.#rangeDepth++;
    let { list, end } = this.#list();
    if (kind === "range") this.#rangeDepth--;
    let elseList: ListNode | undefined;
    if (end === "else") {
      const next = this.#peekNonSpace();
      if (kind !== "range" && next.kind === kind && (kind === "if" || kind === "with")) {
        this.#next++;
        const nested = this.#nested(() => this.#branch(kind, this.#peekNonSpace().at));
        elseList = { kind: "list", at: next.at, nodes: [nested] };
      } else {
        if (next.kind === "if" || next.kind === "with") this.#unexpected(this.#take(), "input");
        ({ list: elseList, end } = this.#list());
        if (end !== "end") this.#fail("expected end; found {{else}}");
      }
    }
    this.#variables.length = scope;
    return { kind, at, pipe, list, elseList };
  }

  #block(token: Token): TemplateNode {
    const context = "block clause";
    const name = this.#stringOf(this.#nextNonSpace(), context);
    const pipe = this.#pipeline(context, "rightDelim");
    const [variables, rangeDepth] = [this.#variables, this.#rangeDepth];
    [this.#variables, this.#rangeDepth] = [["$"], 0];
    const { list, end } = this.#list();
    if (end !== "end") this.#fail(`unexpected {{${end}}} in ${context}`);
    [this.#variables, this.#rangeDepth] = [variables, rangeDepth];
    this.#add(name, list);
    return { kind: "template", at: token.at, name, pipe };
  }

  #template(): TemplateNode {
    const context = "template clause";
    const token = this.#nextNonSpace();
    const { at } = token;
    const name = this.#stringOf(token, context);
    if (this.#nextNonSpace().kind === "rightDelim") return { kind: "template", at, name, pipe: undefined };
    this.#next--;
    return { kind: "template", at, name, pipe: this.#pipeline(context, "rightDelim") };
  }

  #pipeline(context: string, end: "rightDelim" | "rightParen"): PipeNode {
    const at = this.#peekNonSpace().at;
    const { declared, assigns } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#nextNonSpace();
      if (token.kind === end) break;
      if (!STARTS_OPERAND.has(token.kind)) this.#unexpected(token, context);
      this.#next--;
      commands.push(this.#command());
    }
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    for (const [index, command] of commands.slice(1).entries()) {
      const [first] = command.args;
      if (["bool", "dot", "nil", "number", "string"].includes(first!.kind)) {
        this.#fail(`non executable command in pipeline stage ${index + 2}`);
      }
    }
    return { kind: "pipe", at, declared, assigns, commands };
  }

  #declarations(context: string): { readonly declared: readonly VariableNode[]; readonly assigns: boolean } {
    const declared: VariableNode[] = [];
    while (this.#peekNonSpace().kind === "variable") {
      const mark = this.#next;
      const variable = this.#take();
      const next = this.#peekNonSpace();
      const comma = next.kind === "char" && next.text === ",";
      if (next.kind !== "declare" && next.kind !== "assign" && !(comma && context === "range")) {
        if (comma) this.#fail(`too many declarations in ${context}`);
        this.#next = mark;
        // What stands in a range before `,` was a variable after all.
        if (declared.length > 0) this.#unexpected(next, context);
        break;
      }
      this.#next++;
      declared.push({ kind: "variable", at: variable.at, names: [variable.text] });
      if (!comma) {
        // As Go: an assignment to a name that nobody declared is found when it is carried out.
        this.#variables.push(...declared.map(({ names }) => names[0]!));
        return { declared, assigns: next.kind === "assign" };
      }
      if (declared.length > 1) this.#fail(`too many declarations in ${context}`);
      const second = this.#peekNonSpace();
      if (second.kind !== "variable") this.#fail("range can only initialize variables");
    }
    return { declared: [], assigns: false };
  }

  #known(name: string): void {
    if (!this.#variables.includes(name)) this.#fail(`undefined variable ${quoteGo(name)}`);
  }

  #command(): CommandNode {
    const at = this.#peekNonSpace().at;
    const args: Operand[] = [];
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) args.push(operand);
      const token = this.#take();
      if (token.kind === "space") continue;
      if (token.kind === "rightDelim" || token.kind === "rightParen") this.#next--;
      else if (token.kind !== "pipe") this.#unexpected(token, "operand");
      break;
    }
    if (args.length === 0) this.#fail("empty command");
    return { kind: "command", at, args };
  }

  #operand(): Operand | undefined {
    const node = this.#term();
    if (node === undefined || this.#peek().kind !== "field") return node;
    const at = this.#peek().at;
    const names: string[] = [];
    while (this.#peek().kind === "field") names.push(this.#take().text.slice(1));
    if (node.kind === "field" || node.kind === "variable") {
      return { ...node, at, names: [...node.names, ...names] };
    }
    if (["bool", "string", "number", "nil", "dot"].includes(node.kind)) {
      this.#fail(`unexpected . after term ${quoteGo(printNode(node))}`);
    }
    return { kind: "chain", at, node, names } satisfies ChainNode;
  }

  #term(): Operand | undefined {
    const token = this.#nextNonSpace();
    const { at, text } = token;
    switch (token.kind) {
      case "identifier":
        if (!this.isFunction(text)) this.#fail(`function ${quoteGo(text)} not defined`);
        return { kind: "identifier", at, name: text };
      case "dot":
      case "nil":
        return { kind: token.kind, at };
      case "variable":
        this.#known(text);
        return { kind: "variable", at, names: [text] };
      case "field":
        return { kind: "field", at, names: [text.slice(1)] };
      case "bool":
        return { kind: "bool", at, value: text === "true" };
      case "charConstant":
      case "number":
        return this.#number(token);
      case "leftParen":
        return this.#nested(() => this.#pipeline("parenthesized pipeline", "rightParen"));
      case "string":
      case "rawString": {
        const value = unquote(text) ?? this.#fail("invalid syntax");
        return { kind: "string", at, text: value, quoted: text };
      }
    }
    this.#next--;
    return undefined;
  }

  #number({ at, text }: Token): NumberNode {
    const found = numberOf(text);
    if (typeof found === "string") this.#fail(found, at);
    return { kind: "number", at, text, ...found };
  }
}

const STARTS_OPERAND: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "bool",
  "charConstant",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "rawString",
  "string",
  "variable",
  "leftParen",
]);

/** Nothing but white space and comments. */
function isEmpty(list: ListNode): boolean {
  return list.nodes.every((node) => node.kind === "text" && node.text.trim() === "");
}
