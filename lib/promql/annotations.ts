/**
 * Remarks about a query that do not stop it: warnings and infos, each with the place in the query that it speaks
 * of. Equal texts are kept once. Texts are complete: `PromQL info: … (1:5)`.
 */
import type { Position } from "./ast.ts";
import { type MonotonicityFix, MonotonicityRemark } from "./monotonicity.ts";

/** Hostile data must not grow the lists without end; the API shows ten of each. */
const ANNOTATIONS_MAX = 1_000;

export class Annotations {
  readonly #query: string;
  readonly #warnings = new Set<string>();
  readonly #infos = new Set<string>();
  readonly #monotonicity = new Map<string, { readonly remark: MonotonicityRemark; readonly pos: Position }>();

  constructor(query: string) {
    this.#query = query;
  }

  warn(text: string, pos: Position): void {
    add(this.#warnings, `PromQL warning: ${text} (${lineAndColumn(this.#query, pos.start)})`);
  }

  inform(text: string, pos: Position): void {
    add(this.#infos, `PromQL info: ${text} (${lineAndColumn(this.#query, pos.start)})`);
  }

  /** As Prometheus: one remark a metric, at the place where it was needed first. */
  informMonotonicity(metric: string, tMs: number, fix: MonotonicityFix, pos: Position): void {
    let entry = this.#monotonicity.get(metric);
    if (entry === undefined) {
      if (this.#monotonicity.size >= ANNOTATIONS_MAX) return;
      this.#monotonicity.set(metric, entry = { remark: new MonotonicityRemark(metric), pos });
    }
    entry.remark.add(tMs, fix);
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  get infos(): readonly string[] {
    const infos = [...this.#infos];
    for (const { remark, pos } of this.#monotonicity.values()) {
      infos.push(`PromQL info: ${remark.text} (${lineAndColumn(this.#query, pos.start)})`);
    }
    return infos;
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
