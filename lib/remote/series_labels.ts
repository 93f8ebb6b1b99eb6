/** The labels of one `TimeSeries` message: decoded, checked and sorted. */
import { type PbfReader } from "pbf";
import { type Labels, labelsOf, METRIC_NAME } from "../model/labels.ts";

export type DecodedLabels =
  | { readonly kind: "valid"; readonly labels: Labels }
  | { readonly kind: "invalid"; readonly reason: string };

/** Names and values that all series share (job, zone, mode) are kept once. Forgotten as a whole when full. */
const INTERNED_STRINGS_MAX = 100_000;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class LabelDecoder {
  #interned = new Map<string, string>();

  /**
   * Reads every field 1 of the message from `start` to `end`; other fields are skipped. As Prometheus: any UTF-8 name
   * is a name, an empty value is no label, a name may not come twice, and there must be a metric name.
   */
  decode(reader: PbfReader, start: number, end: number): DecodedLabels {
    const pairs: (readonly [string, string])[] = [];
    const names = new Set<string>();
    reader.pos = start;
    while (reader.pos < end) {
      const tag = reader.readVarint();
      if (tag !== 0x0a) {
        reader.skip(tag);
        continue;
      }
      const labelEnd = reader.readVarint() + reader.pos;
      if (labelEnd > end) throw new RangeError("label reaches beyond its series");
      const pair = this.#pair(reader, labelEnd);
      if (pair === undefined) return { kind: "invalid", reason: "label is not valid UTF-8" };
      const [name] = pair;
      if (name === "") return { kind: "invalid", reason: "label name is empty" };
      if (names.has(name)) return { kind: "invalid", reason: `duplicated label ${JSON.stringify(name)}` };
      names.add(name);
      pairs.push(pair);
    }
    const metric = pairs.find(([name, value]) => name === METRIC_NAME && value !== "");
    if (metric === undefined) return { kind: "invalid", reason: "metric name is missing" };
    return { kind: "valid", labels: labelsOf(pairs) };
  }

  /** Undefined for text that is not UTF-8. */
  #pair(reader: PbfReader, end: number): readonly [string, string] | undefined {
    let name: string | undefined = "";
    let value: string | undefined = "";
    while (reader.pos < end) {
      const tag = reader.readVarint();
      if (tag === 0x0a) name = this.#text(reader, end);
      else if (tag === 0x12) value = this.#text(reader, end);
      else reader.skip(tag);
    }
    return name === undefined || value === undefined ? undefined : [name, value];
  }

  #text(reader: PbfReader, end: number): string | undefined {
    const textEnd = reader.readVarint() + reader.pos;
    if (textEnd > end) throw new RangeError("text reaches beyond its label");
    const bytes = reader.buf.subarray(reader.pos, textEnd);
    reader.pos = textEnd;
    let text = asciiText(bytes);
    try {
      text ??= utf8.decode(bytes);
    } catch {
      return undefined; // a TypeError is TextDecoder's only error here
    }
    const found = this.#interned.get(text);
    if (found !== undefined) return found;
    if (this.#interned.size >= INTERNED_STRINGS_MAX) this.#interned = new Map();
    this.#interned.set(text, text);
    return text;
  }
}

/** Above it the platform's decoder is as fast. */
const ASCII_BYTES_MAX = 64;

/** Undefined for what is long or not ASCII. A call of the platform's decoder costs a microsecond. */
function asciiText(bytes: Uint8Array): string | undefined {
  if (bytes.length > ASCII_BYTES_MAX) return undefined;
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80) return undefined;
  return Reflect.apply(String.fromCharCode, undefined, bytes);
}
