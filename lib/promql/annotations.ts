/**
 * Remarks about a query that do not stop it: warnings and infos, each with the place in the query that it speaks
 * of. Equal texts are kept once. Texts are complete: `PromQL info: … (1:5)`.
 */
import type { Position } from "./ast.ts";

/** Hostile data must not grow the lists without end; the API shows ten of each. */
const ANNOTATIONS_MAX = 1_000;

export class Annotations {
  readonly #query: string;
  readonly #warnings = new Set<string>();
  readonly #infos = new Set<string>();

  constructor(query: string) {
    this.#query = query;
  }

  warn(text: string, pos: Position): void {
    add(this.#warnings, `PromQL warning: ${text} (${lineAndColumn(this.#query, pos.start)})`);
  }

  inform(text: string, pos: Position): void {
    add(this.#infos, `PromQL info: ${text} (${lineAndColumn(this.#query, pos.start)})`);
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  get infos(): readonly string[] {
    return [...this.#infos];
  }
}

function add(to: Set<string>, text: string): void {
  if (to.size < ANNOTATIONS_MAX) to.add(text);
}

const UTF8 = new TextEncoder();

/** `line:column`, both from 1, the column in bytes, as Prometheus counts. */
export function lineAndColumn(query: string, offset: number): string {
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < offset; i++) {
    if (query.charCodeAt(i) === 10) {
      line++;
      lineStart = i + 1;
    }
  }
  return `${line}:${UTF8.encode(query.slice(lineStart, offset)).length + 1}`;
}
