/**
 * Labels of series out of a body that was read before: a session keeps no label sets, so the rare moments that
 * need them parse the series' line again.
 */
import { type Body, BodyReader } from "../exposition/body_reader.ts";
import { type LineTable, SLOT_TYPE } from "../exposition/line_table.ts";
import type { RecordParser } from "../exposition/record.ts";
import { pairsOf, withTypeAndUnit } from "../exposition/series_labels.ts";
import { UnitAbove } from "../exposition/unit_above.ts";
import type { MetricType } from "../model/metadata.ts";

/** Apart from the reader of the scrapes, whose parser may stand in the middle of a body. */
const aside = new BodyReader();

/** Walks the lines of a body in order. */
export class BodyLabels {
  readonly #body: Body;
  readonly #parser: RecordParser;
  readonly #lines: LineTable;
  #scanned = 0;
  #type: MetricType = "unknown";
  readonly #units: UnitAbove | undefined;

  /** `typed`: with type and unit as labels, as the settings have it. */
  constructor(body: Body, lines: LineTable, typed: boolean) {
    this.#units = typed ? new UnitAbove() : undefined;
    this.#parser = aside.parserOf(body.format);
    this.#body = body;
    this.#lines = lines;
  }

  /** Pairs of the sample at `line`, which must not lie before the line of an earlier call. */
  pairsAt(line: number): [name: string, value: string][] {
    const { slot, start } = this.#lines;
    this.#parser.load(this.#body.bytes, this.#body.end);
    let typeLine = -1;
    for (; this.#scanned < line; this.#scanned++) {
      if (slot[this.#scanned] === SLOT_TYPE) typeLine = this.#scanned;
    }
    if (typeLine !== -1) {
      this.#parser.parse(start[typeLine]!);
      this.#type = this.#parser.type;
    }
    const unit = this.#units?.at(this.#parser, this.#lines, line);
    this.#parser.parse(start[line]!);
    const pairs = pairsOf(this.#parser, this.#type);
    return unit === undefined ? pairs : withTypeAndUnit(pairs, this.#type, unit);
  }
}
