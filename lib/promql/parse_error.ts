/**
 * What is wrong with a query, and where. The message reads as Prometheus's does, `1:5: parse error: …`; positions
 * inside are UTF-16 offsets, the column shown counts bytes.
 */
import { UserError } from "../core/errors.ts";
import type { Position } from "./ast.ts";

const NEWLINE = 10;

export class ParseError extends UserError {
  override readonly name: string = "ParseError";
  /** The message without its place. */
  readonly bareMessage: string;
  readonly pos: Position;

  constructor(query: string, pos: Position, bareMessage: string) {
    super("bad_data", `${placeOf(query, pos.start)}: parse error: ${bareMessage}`);
    this.bareMessage = bareMessage;
    this.pos = pos;
  }
}

export interface LineColumn {
  /** From 1. */
  readonly line: number;
  /** From 1, in bytes of UTF-8. */
  readonly column: number;
}

/** The place of a UTF-16 offset in `query`. */
export function lineColumnOf(query: string, offset: number): LineColumn {
  let line = 1;
  let column = 1;
  for (let i = 0; i < offset && i < query.length; i++) {
    const unit = query.charCodeAt(i);
    if (unit === NEWLINE) {
      line++;
      column = 1;
    } else {
      column += utf8Width(unit);
    }
  }
  return { line, column };
}

/** Bytes that one UTF-16 unit adds in UTF-8; the two halves of a surrogate pair add two each. */
function utf8Width(unit: number): number {
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  return unit >= 0xd800 && unit < 0xe000 ? 2 : 3;
}

/** As Prometheus: an empty query has no position. */
function placeOf(query: string, offset: number): string {
  if (query === "") return "unknown position";
  const { line, column } = lineColumnOf(query, offset);
  return `${line}:${column}`;
}
