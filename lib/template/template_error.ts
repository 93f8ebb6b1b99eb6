/**
 * What goes wrong with a template, in Go's words: `template: NAME:LINE: …` when it is read, and
 * `template: NAME:LINE:COLUMN: executing "NAME" at <…>: …` when it is carried out. Lines count from 1, columns are
 * bytes from 0, as Go's.
 */
import { UserError } from "../core/errors.ts";

export class TemplateError extends UserError {
  override readonly name = "TemplateError";
  constructor(message: string, options?: ErrorOptions) {
    super("bad_data", message, options);
  }
}

/** A function's own complaint, which the execution puts into its place; or Go's words for a wrong use of a value. */
export class CallError extends Error {
  override readonly name = "CallError";
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

export function placeOf(text: string, at: number): Place {
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < at; i = text.indexOf("\n", i + 1)) line++;
  return { line, column: new TextEncoder().encode(text.slice(lineStart, at)).length };
}
