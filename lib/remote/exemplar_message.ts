/** An `Exemplar` message of remote write 1.0. Wire format: prompb/types.proto. */
import type { PbfReader } from "pbf";
import type { Exemplar } from "../model/exemplar.ts";
import { labelsOf } from "../model/labels.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads up to `end`. A sender always gives the time. */
export function readExemplar(reader: PbfReader, end: number): Exemplar {
  const pairs: (readonly [string, string])[] = [];
  let value = 0;
  let tMs = 0;
  while (reader.pos < end) {
    const tag = reader.readVarint();
    if (tag === 0x0a) pairs.push(readLabel(reader, reader.readVarint() + reader.pos));
    else if (tag === 0x11) value = reader.readDouble();
    else if (tag === 0x18) tMs = reader.readVarint(true);
    else reader.skip(tag);
  }
  if (reader.pos !== end) throw new RangeError("exemplar reaches beyond its end");
  return { labels: labelsOf(pairs), value, tMs, hasTime: true };
}

export function readLabel(reader: PbfReader, end: number): readonly [name: string, value: string] {
  let name = "";
  let value = "";
  while (reader.pos < end) {
    const tag = reader.readVarint();
    if (tag === 0x0a) name = utf8.decode(reader.readBytes());
    else if (tag === 0x12) value = utf8.decode(reader.readBytes());
    else reader.skip(tag);
  }
  if (reader.pos !== end) throw new RangeError("label reaches beyond its end");
  return [name, value];
}
