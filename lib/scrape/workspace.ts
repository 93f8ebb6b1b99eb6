/**
 * Scratch space of one digest: what only lives while a body is turned into a batch. Digests mostly run in one go,
 * so one workspace serves all sessions in turn; a digest that pauses keeps its own until it ends.
 */
import { type Body, BODY_SEAL_BYTES, BodyReader, sealBody } from "../exposition/body_reader.ts";
import type { ExpositionFormat } from "../exposition/record.ts";
import { RowBuilder } from "./row_builder.ts";
import { SlotMarks } from "./slot_marks.ts";

export class Workspace {
  readonly reader: BodyReader = new BodyReader();
  readonly rows: RowBuilder = new RowBuilder();
  readonly marks: SlotMarks = new SlotMarks();
  /** The buffer that the next body is read in; swapped with a session's when they are of a size. */
  spare: Uint8Array = new Uint8Array(0);

  /** The body in a buffer that the session may keep. */
  copied(format: ExpositionFormat, body: Uint8Array): Body {
    const room = body.length + BODY_SEAL_BYTES;
    // A spare of about this size is taken; one far too large would stay with the session for good.
    let bytes = this.spare;
    if (bytes.length < room || bytes.length > room + (room >> 3) + 4096) {
      bytes = new Uint8Array(room + (room >> 5));
    }
    this.spare = NO_BYTES;
    bytes.set(body);
    return sealBody(format, bytes, body.length);
  }
}

const NO_BYTES = new Uint8Array(0);

let idle: Workspace | undefined;

export function borrowWorkspace(): Workspace {
  const workspace = idle ?? new Workspace();
  idle = undefined;
  return workspace;
}

/** Not for one that a huge body made large: the collector has those. */
export function returnWorkspace(workspace: Workspace): void {
  idle ??= workspace;
}
