/**
 * The metadata of a target. What the last body says is read from the body when somebody asks; kept here is only
 * what went away, for some scrapes more.
 */
import type { Body, BodyReader } from "../exposition/body_reader.ts";
import { type LineTable, SLOT_METADATA, SLOT_TYPE } from "../exposition/line_table.ts";
import { RECORD_HELP, RECORD_TYPE } from "../exposition/record.ts";
import { textOf, unescapeHelp, unescapeLabel } from "../exposition/series_labels.ts";
import type { MetricMetadata, MetricType } from "../model/metadata.ts";

/** As Prometheus: metadata outlives its lines by this many scrapes. */
const LINGER_SCRAPES = 10;
/** A target that renames its families each scrape must not fill memory. */
const LINGERING_MAX = 10_000;

interface Draft {
  type: MetricType;
  unit: string;
  help: string;
}

export class MetadataCache {
  readonly #gone = new Map<string, { readonly metadata: MetricMetadata; readonly untilScrape: number }>();
  #scrapes = 0;

  /** Once a good scrape. */
  scraped(): void {
    this.#scrapes++;
    if (this.#gone.size === 0) return;
    for (const [name, { untilScrape }] of this.#gone) {
      if (untilScrape < this.#scrapes) this.#gone.delete(name);
    }
  }

  /** A body was replaced by one with other metadata lines. */
  replaced(before: ReadonlyMap<string, MetricMetadata>, now: ReadonlyMap<string, MetricMetadata>): void {
    for (const [name, metadata] of before) {
      if (now.has(name) || this.#gone.size >= LINGERING_MAX) continue;
      this.#gone.set(name, { metadata, untilScrape: this.#scrapes + LINGER_SCRAPES - 1 });
    }
    for (const name of now.keys()) this.#gone.delete(name);
  }

  /** `current` and what went away lately. */
  with(current: ReadonlyMap<string, MetricMetadata>): ReadonlyMap<string, MetricMetadata> {
    if (this.#gone.size === 0) return current;
    const all = new Map<string, MetricMetadata>(current);
    for (const [name, { metadata }] of this.#gone) if (!all.has(name)) all.set(name, metadata);
    return all;
  }
}

/** What the metadata lines of a body say, by family. The later line wins. */
export function metadataOf(reader: BodyReader, body: Body, lines: LineTable): Map<string, MetricMetadata> {
  const parser = reader.parserOf(body.format);
  parser.load(body.bytes, body.end);
  const families = new Map<string, Draft>();
  for (let line = 0; line < lines.count; line++) {
    const slot = lines.slot[line]!;
    if (slot !== SLOT_TYPE && slot !== SLOT_METADATA) continue;
    const kind = parser.parse(lines.start[line]!);
    const name = unescapeLabel(textOf(parser.bytes, parser.nameStart, parser.nameEnd));
    let family = families.get(name);
    if (family === undefined) families.set(name, family = { type: "unknown", unit: "", help: "" });
    if (kind === RECORD_TYPE) {
      family.type = parser.type;
      continue;
    }
    const text = textOf(parser.bytes, parser.textStart, parser.textEnd);
    if (kind !== RECORD_HELP) family.unit = text;
    else family.help = body.format === "text" ? unescapeHelp(text) : unescapeLabel(text);
  }
  return families;
}
