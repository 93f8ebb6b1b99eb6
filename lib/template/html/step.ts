/** A step over text: the context after it, and how much of the text it took. */
import { quoteGo } from "../../model/labels.ts";
import type { Context } from "./context.ts";

export interface Step {
  readonly context: Context;
  readonly length: number;
}

export function step(context: Context, length: number): Step {
  return { context, length };
}

export function whole(context: Context, text: string): Step {
  return { context, length: text.length };
}

/** Quoted as Go's `%q`. */
export function goText(text: string): string {
  return quoteGo(text);
}
