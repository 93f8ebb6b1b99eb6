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

  readonly #twins: ReadonlyMap<Position, readonly Position[]>;

  /** `twins`: where else in the query the same was written, and is not evaluated for itself. */
  constructor(query: string, twins: ReadonlyMap<Position, readonly Position[]> = new Map()) {
    this.#query = query;
    this.#twins = twins;
  }

  warn(text: string, pos: Position): void {
    this.#addAt(this.#warnings, `PromQL warning: ${text}`, pos);
  }

  inform(text: string, pos: Position): void {
    this.#addAt(this.#infos, `PromQL info: ${text}`, pos);
  }

  #addAt(to: Set<string>, text: string, pos: Position): void {
    add(to, `${text} (${lineAndColumn(this.#query, pos.start)})`);
    // A position has twins later in the query alone, so this ends.
    for (const twin of this.#twins.get(pos) ?? []) this.#addAt(to, text, twin);
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
