/**
 * The tree of a template, and how a node is written: Go shows it in its errors, cut after twenty characters. `at` is
 * where Go says that the node is.
 */
import { quoteGo } from "../model/labels.ts";

export interface ListNode {
  readonly kind: "list";
  readonly at: number;
  readonly nodes: readonly Node[];
}

export interface TextNode {
  readonly kind: "text";
  readonly at: number;
  readonly text: string;
}

export interface ActionNode {
  readonly kind: "action";
  readonly at: number;
  readonly pipe: PipeNode;
}

export interface BranchNode {
  readonly kind: "if" | "with" | "range";
  readonly at: number;
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly elseList: ListNode | undefined;
}

export interface JumpNode {
  readonly kind: "break" | "continue";
  readonly at: number;
}

export interface TemplateNode {
  readonly kind: "template";
  readonly at: number;
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}

export type Node = ListNode | TextNode | ActionNode | BranchNode | JumpNode | TemplateNode;

export interface PipeNode {
  readonly kind: "pipe";
  readonly at: number;
  readonly declared: readonly VariableNode[];
  /** `$x = …` instead of `$x := …`. */
  readonly assigns: boolean;
  readonly commands: readonly CommandNode[];
}

export interface CommandNode {
  readonly kind: "command";
  readonly at: number;
  readonly args: readonly Operand[];
}

export interface VariableNode {
  readonly kind: "variable";
  readonly at: number;
  /** `$x`, then the fields after it. */
  readonly names: readonly string[];
}

export interface FieldNode {
  readonly kind: "field";
  readonly at: number;
  readonly names: readonly string[];
}

export interface ChainNode {
  readonly kind: "chain";
  readonly at: number;
  readonly node: Operand;
  readonly names: readonly string[];
}

export interface IdentifierNode {
  readonly kind: "identifier";
  readonly at: number;
  readonly name: string;
}

export interface NumberNode {
  readonly kind: "number";
  readonly at: number;
  readonly text: string;
  /** Undefined where the number is none. */
  readonly integer: bigint | undefined;
  readonly float: number | undefined;
}

export interface StringNode {
  readonly kind: "string";
  readonly at: number;
  readonly text: string;
  readonly quoted: string;
}

export interface BoolNode {
  readonly kind: "bool";
  readonly at: number;
  readonly value: boolean;
}

export interface SignNode {
  readonly kind: "dot" | "nil";
  readonly at: number;
}

export type Operand =
  | PipeNode
  | VariableNode
  | FieldNode
  | ChainNode
  | IdentifierNode
  | NumberNode
  | StringNode
  | BoolNode
  | SignNode;

export function printNode(node: Node | Operand | CommandNode): string {
  switch (node.kind) {
    case "list":
      return node.nodes.map(printNode).join("");
    case "text":
      return node.text;
    case "action":
      return `{{${printNode(node.pipe)}}}`;
    case "if":
    case "with":
    case "range": {
      const otherwise = node.elseList === undefined ? "" : `{{else}}${printNode(node.elseList)}`;
      return `{{${node.kind} ${printNode(node.pipe)}}}${printNode(node.list)}${otherwise}{{end}}`;
    }
    case "break":
    case "continue":
      return `{{${node.kind}}}`;
    case "template":
      return `{{template ${quoteGo(node.name)}${node.pipe === undefined ? "" : ` ${printNode(node.pipe)}`}}}`;
    case "pipe": {
      const names = node.declared.map(printNode).join(", ");
      const declares = names === "" ? "" : `${names} ${node.assigns ? "=" : ":="} `;
      return declares + node.commands.map(printNode).join(" | ");
    }
    case "command":
      return node.args.map((arg) => arg.kind === "pipe" ? `(${printNode(arg)})` : printNode(arg)).join(" ");
    case "variable":
      return node.names.join(".");
    case "field":
      return node.names.map((name) => `.${name}`).join("");
    case "chain": {
      const inner = printNode(node.node);
      return (node.node.kind === "pipe" ? `(${inner})` : inner) +
        node.names.map((name) => `.${name}`).join("");
    }
    case "identifier":
      return node.name;
    case "number":
      return node.text;
    case "string":
      return node.quoted;
    case "bool":
      return String(node.value);
    case "dot":
      return ".";
    case "nil":
      return "nil";
  }
}
