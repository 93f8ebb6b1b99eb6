/**
 * The unit of the family that a sample belongs to: that of its UNIT line, from there to the first metadata line of
 * another family. Asked line by line, in order, by those who give series their type and unit as labels.
 */
import { type LineTable, SLOT_METADATA, SLOT_TYPE } from "./line_table.ts";
import { RECORD_UNIT, type RecordParser } from "./record.ts";
import { textOf, unescapeLabel } from "./series_labels.ts";

export class UnitAbove {
  #scanned = 0;
  #family = "";
  #unit = "";

  /** Of the sample at `line`, which must not lie before that of an earlier call. Moves `parser`. */
  at(parser: RecordParser, lines: LineTable, line: number): string {
    for (; this.#scanned < line; this.#scanned++) {
      const slot = lines.slot[this.#scanned];
      if (slot !== SLOT_TYPE && slot !== SLOT_METADATA) continue;
      const kind = parser.parse(lines.start[this.#scanned]!);
      const family = unescapeLabel(textOf(parser.bytes, parser.nameStart, parser.nameEnd));
      if (family !== this.#family) this.#unit = "";
      this.#family = family;
      if (kind === RECORD_UNIT) this.#unit = textOf(parser.bytes, parser.textStart, parser.textEnd);
    }
    return this.#unit;
  }
}
