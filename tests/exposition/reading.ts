/** What the exposition tests share: a body read by the full parser or by its predecessor, as plain data. */
import { type Body, BODY_SEAL_BYTES, BodyReader, sealBody } from "../../lib/exposition/body_reader.ts";
import { LineTable } from "../../lib/exposition/line_table.ts";
import { ExpositionError, type ExpositionFormat, type RecordParser } from "../../lib/exposition/record.ts";
import { pairsOf, textOf } from "../../lib/exposition/series_labels.ts";
import { wordsOf } from "../../lib/model/stale.ts";

const encoder = new TextEncoder();

export interface Sample {
  readonly key: string;
  /** Both words of the value, so that NaN bits are compared. */
  readonly words: string;
  readonly tMs: number | undefined;
}

export interface Reading {
  readonly samples: readonly Sample[];
  readonly error: string | undefined;
}

export function bodyOf(format: ExpositionFormat, text: string | Uint8Array): Body {
  const content = typeof text === "string" ? encoder.encode(text) : text;
  // What lies behind the body must not matter.
  const bytes = new Uint8Array(content.length + BODY_SEAL_BYTES + 8).fill(49);
  bytes.set(content);
  return sealBody(format, bytes, content.length);
}

/** Reads bodies one after the other, each by its predecessor, as a session does. */
export class ChainedReader {
  readonly #reader = new BodyReader();
  #previous: { body: Body; lines: LineTable; keys: string[] } | undefined;

  get reader(): BodyReader {
    return this.#reader;
  }

  read(body: Body): Reading {
    const keys = [...this.#previous?.keys ?? []];
    const sink = {
      defineSlot: (parser: RecordParser) =>
        keys.push(textOf(parser.bytes, parser.keyStart, parser.keyEnd)) - 1,
    };
    const previous = this.#previous;
    let error: string | undefined;
    try {
      const known = previous === undefined
        ? undefined
        : { ...previous.body, lines: previous.lines, slotsCount: previous.keys.length };
      this.#reader.read(body, known, sink);
    } catch (thrown) {
      if (!(thrown instanceof ExpositionError)) throw thrown;
      error = thrown.message;
    }
    const { lines } = this.#reader;
    const words = wordsOf(lines.values);
    const samples: Sample[] = [];
    for (let i = 0; i < lines.count; i++) {
      const slot = lines.slot[i]!;
      if (slot < 0) continue;
      const tMs = lines.hasTimes && !Number.isNaN(lines.times[i]!) ? lines.times[i] : undefined;
      samples.push({ key: keys[slot]!, words: `${words[2 * i + 1]}:${words[2 * i]}`, tMs });
    }
    if (error === undefined) this.#keep(body, keys);
    return { samples, error };
  }

  /** As a session does: slots that the body has not are given up. */
  #keep(body: Body, keys: string[]): void {
    const kept: string[] = [];
    const moved = new Map<number, number>();
    const { slot: slots, count } = this.#reader.lines;
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!;
      if (slot < 0) continue;
      if (!moved.has(slot)) moved.set(slot, kept.push(keys[slot]!) - 1);
      slots[i] = moved.get(slot)!;
    }
    const lines = new LineTable(0);
    lines.copyFrom(this.#reader.lines);
    this.#previous = { body, lines, keys: kept };
  }
}

export function readFull(format: ExpositionFormat, text: string | Uint8Array): Reading {
  return new ChainedReader().read(bodyOf(format, text));
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly tMs?: number;
}

/** Every sample with its labels; throws `ExpositionError`. */
export function seriesOf(format: ExpositionFormat, text: string | Uint8Array): Series[] {
  const reader = new BodyReader();
  const labels: Record<string, string>[] = [];
  reader.read(bodyOf(format, text), undefined, {
    defineSlot: (parser, type) => labels.push(Object.fromEntries(pairsOf(parser, type))) - 1,
  });
  const { lines } = reader;
  const found: Series[] = [];
  for (let i = 0; i < lines.count; i++) {
    const slot = lines.slot[i]!;
    if (slot < 0) continue;
    const own = lines.hasTimes && !Number.isNaN(lines.times[i]!) ? { tMs: lines.times[i]! } : {};
    found.push({ labels: labels[slot]!, value: lines.values[i]!, ...own });
  }
  return found;
}
