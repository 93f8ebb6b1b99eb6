/**
 * YAML text to a small tree with positions. Aliases share the node they name and merge keys are spread, so nothing
 * of YAML's own machinery is left for the schema to know. Bounded: text, nodes and nesting; a bomb of aliases costs
 * nothing here and is counted where the tree is walked. Says nothing about meaning: every scalar is text and a tag.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import { messageOf } from "../core/errors.ts";
import { ConfigError, type ConfigProblem } from "./problems.ts";
import { plainKind, type ScalarKind } from "./yaml_scalars.ts";

/** Two hundred times a large configuration. The parser needs about two seconds a MiB, and nothing else runs then. */
export const YAML_LENGTH_MAX = 4 * 1024 * 1024;
/** Nodes that one file may hold, and merge keys may spread. */
const YAML_NODES_MAX = 2_000_000;

export interface YamlPlace {
  readonly line: number;
  readonly column: number;
}

export interface YamlScalar {
  readonly kind: "scalar";
  readonly place: YamlPlace;
  /** Content without quotes; of `!!binary` the bytes, where they are no UTF-8 as U+DC00 + byte. */
  readonly text: string;
  readonly type: ScalarKind;
}

export interface YamlList {
  readonly kind: "list";
  readonly place: YamlPlace;
  readonly items: readonly YamlNode[];
}

export interface YamlMap {
  readonly kind: "map";
  readonly place: YamlPlace;
  /** In the order of the file; a key may stand here twice, which is for the reader to refuse. */
  readonly entries: readonly YamlEntry[];
}

export interface YamlEntry {
  readonly key: YamlScalar;
  readonly value: YamlNode;
}

export type YamlNode = YamlScalar | YamlList | YamlMap;

/** Throws a `ConfigError` for text that is no YAML. An empty file is null. Only the first document is read. */
export function parseYaml(text: string, file: string): YamlNode {
  if (text.length > YAML_LENGTH_MAX) {
    throw new ConfigError([{
      file,
      line: 0,
      column: 0,
      path: "",
      message: `expected at most ${YAML_LENGTH_MAX} characters, got ${text.length}`,
    }]);
  }
  const lines = new LineCounter();
  const options = { schema: "failsafe", uniqueKeys: false, lineCounter: lines, logLevel: "silent" } as const;
  let document: Document | undefined;
  try {
    const documents = parseAllDocuments(text, options);
    document = Array.isArray(documents) ? documents[0] : undefined;
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(file, undefined);
    throw new ConfigError([{ file, line: 0, column: 0, path: "", message: messageOf(error) }]);
  }
  if (document === undefined) return nullAt({ line: 1, column: 1 });
  const overflow = document.errors.find((error) =>
    error.message.includes("Maximum call stack size exceeded")
  );
  if (overflow !== undefined) throw tooDeep(file, overflow.linePos?.[0]);
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map((error): ConfigProblem => ({
      file,
      line: error.linePos?.[0].line ?? 0,
      column: error.linePos?.[0].col ?? 0,
      path: "",
      message: `yaml: ${error.message.split("\n")[0]!.replace(/ at line [0-9]+, column [0-9]+:?$/, "")}`,
    })));
  }
  return new Composer(document, lines, file).compose(document.contents);
}

/** The parser recurses: nesting beyond the stack ends here. */
function tooDeep(
  file: string,
  place: { readonly line: number; readonly col: number } | undefined,
): ConfigError {
  const message = "expected less deeply nested YAML";
  return new ConfigError([{ file, line: place?.line ?? 0, column: place?.col ?? 0, path: "", message }]);
}

function nullAt(place: YamlPlace): YamlScalar {
  return { kind: "scalar", place, text: "", type: "null" };
}

class Composer {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #file: string;
  /** What an anchor names, once composed; undefined while it is being composed. */
  readonly #done = new Map<unknown, YamlNode | undefined>();
  #nodes = 0;

  constructor(document: Document, lines: LineCounter, file: string) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  compose(node: unknown): YamlNode {
    const place = this.#placeOf(node);
    this.#count(place);
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) throw this.#error(place, `yaml: unknown anchor '${node.source}' referenced`);
      if (this.#done.has(target) && this.#done.get(target) === undefined) {
        throw this.#error(place, `yaml: anchor '${node.source}' value contains itself`);
      }
      return this.#done.get(target) ?? this.compose(target);
    }
    const anchored = isAnchored(node);
    if (anchored) this.#done.set(node, undefined);
    const composed = this.#composeOwn(node, place);
    if (anchored) this.#done.set(node, composed);
    return composed;
  }

  #composeOwn(node: unknown, place: YamlPlace): YamlNode {
    if (isMap(node)) return { kind: "map", place, entries: this.#entriesOf(node.items) };
    if (isSeq(node)) return { kind: "list", place, items: node.items.map((item) => this.compose(item)) };
    if (isScalar(node)) return this.#scalarOf(node, place);
    return nullAt(place);
  }

  #entriesOf(items: readonly { readonly key: unknown; readonly value: unknown }[]): readonly YamlEntry[] {
    const own: YamlEntry[] = [];
    const merged: YamlEntry[] = [];
    for (const item of items) {
      const key = this.compose(item.key);
      if (key.kind !== "scalar") throw this.#error(key.place, "expected a plain key, got a map or a list");
      const value = item.value === null ? nullAt(key.place) : this.compose(item.value);
      if (key.type !== "merge") own.push({ key, value });
      else merged.push(...this.#mergeOf(value));
    }
    if (merged.length === 0) return own;
    const taken = new Set(own.map((entry) => entry.key.text));
    for (const entry of merged) {
      if (taken.has(entry.key.text)) continue;
      taken.add(entry.key.text);
      own.push(entry);
    }
    return own;
  }

  /** The entries that `<<` brings in: of one map, or of several, of which the first wins. */
  #mergeOf(value: YamlNode): readonly YamlEntry[] {
    const maps = value.kind === "list" ? value.items : [value];
    const entries: YamlEntry[] = [];
    for (const map of maps) {
      if (map.kind !== "map") {
        throw this.#error(value.place, "map merge requires map or sequence of maps as the value");
      }
      for (const entry of map.entries) {
        this.#count(value.place);
        entries.push(entry);
      }
    }
    return entries;
  }

  #scalarOf(
    node: { value: unknown; type?: string; tag?: string; source?: string },
    place: YamlPlace,
  ): YamlScalar {
    const text = typeof node.value === "string" ? node.value : node.source ?? "";
    const tag = node.tag?.replace(/^tag:yaml\.org,2002:|^!!/, "");
    if (tag === "binary") return { kind: "scalar", place, text: this.#binary(text, place), type: "text" };
    if (tag === "str") return { kind: "scalar", place, text, type: "text" };
    const plain = node.type === undefined || node.type === "PLAIN";
    return { kind: "scalar", place, text, type: plain ? plainKind(text) : "text" };
  }

  #binary(text: string, place: YamlPlace): string {
    const bare = text.replace(/\s+/g, "");
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(bare)) {
      throw this.#error(place, "!!binary value contains invalid base64 data");
    }
    const bytes = Uint8Array.from(atob(bare), (char) => char.charCodeAt(0));
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return [...bytes].map((byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join("");
    }
  }

  #placeOf(node: unknown): YamlPlace {
    const range = typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)
      ? node.range
      : undefined;
    if (range === undefined) return { line: 1, column: 1 };
    const { line, col } = this.#lines.linePos(Number(range[0]));
    return { line, column: col };
  }

  #count(place: YamlPlace): void {
    if (++this.#nodes > YAML_NODES_MAX) {
      throw this.#error(place, `expected at most ${YAML_NODES_MAX} values in a file, aliases included`);
    }
  }

  #error(place: YamlPlace, message: string): ConfigError {
    return new ConfigError([{ file: this.#file, ...place, path: "", message }]);
  }
}

function isAnchored(node: unknown): boolean {
  return typeof node === "object" && node !== null && "anchor" in node && node.anchor !== undefined;
}
