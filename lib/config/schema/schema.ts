/**
 * The engine of the configuration's schema: how a field table reads a YAML tree into values, with a problem for
 * each thing that is wrong, and how it writes values back. What the fields are stands in the tables beside it.
 */
import { type ConfigProblem, PROBLEMS_MAX } from "../problems.ts";
import type { YamlMap, YamlNode, YamlPlace } from "../yaml.ts";
import type { Written } from "../yaml_write.ts";
import { nearest } from "./nearest.ts";

/** Values that a file may hold after its aliases are spread: a bomb ends here. */
const VALUES_MAX = 2_000_000;

export interface Schema<T> {
  /** Completes "expected …". */
  readonly expected: string;
  /** Go's zero value: what an explicit null means, and what is left out when written. */
  readonly zero: T;
  /** Reports what is wrong and answers anything of the type; null is handled by the caller, but for `nulls`. */
  read(node: YamlNode, reader: Reader): T;
  isZero(value: T): boolean;
  write(value: T): Written;
}

export interface Field<T> {
  readonly schema: Schema<T>;
  readonly initial: T;
  /** Written even when zero, as a Go field without `omitempty`. */
  readonly kept: boolean;
  /** An explicit null is a mistake, in these words. */
  readonly nullMessage?: string;
}

// Methods, not functions, in Schema: so a table may hold fields of all types.
export type Fields = Readonly<Record<string, Field<unknown>>>;
export type ValueOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A field that starts at its zero value, or at `initial`. */
export function field<T>(schema: Schema<T>, initial?: T): Field<T> {
  return { schema, initial: initial === undefined ? schema.zero : initial, kept: false };
}

export function keptField<T>(schema: Schema<T>, initial?: T): Field<T> {
  return { ...field(schema, initial), kept: true };
}

/** Where a struct's fields stood in the file, for problems that are found later. */
interface Origin {
  readonly path: string;
  readonly place: YamlPlace;
  readonly fields: ReadonlyMap<string, YamlPlace>;
}

export interface ReaderOptions {
  readonly file: string;
  /** Relative paths in the file resolve against this. */
  readonly directory: string;
  readonly unknownFields: "refused" | "ignored";
}

/** One pass over one file: its problems, its warnings, and the places of what was read. */
export class Reader {
  readonly file: string;
  readonly directory: string;
  readonly warnings: string[] = [];
  readonly #ignoresUnknown: boolean;
  readonly #problems: ConfigProblem[] = [];
  readonly #origins = new WeakMap<object, Origin>();
  #path = "";
  #values = 0;

  constructor(options: ReaderOptions) {
    this.file = options.file;
    this.directory = options.directory;
    this.#ignoresUnknown = options.unknownFields === "ignored";
  }

  get ignoresUnknown(): boolean {
    return this.#ignoresUnknown;
  }

  get problemsCount(): number {
    return this.#problems.length;
  }

  /** In the order of the file. */
  problems(): readonly ConfigProblem[] {
    return this.#problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  /** Reads a part of what is being read now; `step` is `name` or `[3]`. */
  part<T>(step: string, schema: Schema<T>, node: YamlNode): T {
    const outer = this.#path;
    this.#path = step.startsWith("[") || outer === "" ? outer + step : `${outer}.${step}`;
    try {
      if (++this.#values > VALUES_MAX) {
        if (this.#values === VALUES_MAX + 1) {
          this.report(node.place, `expected at most ${VALUES_MAX} values in a file, aliases included`);
        }
        return schema.zero;
      }
      return schema.read(node, this);
    } finally {
      this.#path = outer;
    }
  }

  report(place: YamlPlace, message: string, path = this.#path): void {
    if (this.#problems.length >= PROBLEMS_MAX) return;
    this.#problems.push({ file: this.file, line: place.line, column: place.column, path, message });
  }

  expected(node: YamlNode, expected: string, goType: string): void {
    this.report(
      node.place,
      `expected ${expected}, got ${described(node)} (unmarshal errors: ${goMessage(node, goType)})`,
    );
  }

  keep(value: object, place: YamlPlace, fields: ReadonlyMap<string, YamlPlace>): void {
    this.#origins.set(value, { path: this.#path, place, fields });
  }

  /** A copy of a struct keeps the places of the original. */
  moved<T extends object>(from: object, to: T): T {
    const origin = this.#origins.get(from);
    if (origin !== undefined) this.#origins.set(to, origin);
    return to;
  }

  /** A problem of a struct that was read before, at one of its fields where the file sets it. */
  reportOf(value: object, message: string, name?: string): void {
    const origin = this.#origins.get(value);
    if (origin === undefined) return this.report({ line: 1, column: 1 }, message, "");
    const at = name === undefined ? undefined : origin.fields.get(name);
    const path = at === undefined ? origin.path : origin.path === "" ? name! : `${origin.path}.${name}`;
    this.report(at ?? origin.place, message, path);
  }

  /** Where a struct that was read stands, or one of its fields; undefined where the file does not have it. */
  placeOf(value: object, name?: string): YamlPlace | undefined {
    const origin = this.#origins.get(value);
    return name === undefined ? origin?.place : origin?.fields.get(name);
  }

  /** A path as the file has it, for messages. */
  unresolved(path: string): string {
    const prefix = this.directory.endsWith("/") ? this.directory : this.directory + "/";
    return path.startsWith(prefix) ? path.slice(prefix.length) : path;
  }

  /** Whether the file sets this field of a struct that was read. */
  sets(value: object, name: string): boolean {
    return this.#origins.get(value)?.fields.has(name) ?? false;
  }
}

export interface StructSpec<F extends Fields> {
  /** As Prometheus's messages name the type. */
  readonly type: string;
  readonly fields: F;
  /** Relations between fields; runs only when each field by itself was right. Reports through `reader.reportOf`. */
  readonly check?: (value: ValueOf<F>, reader: Reader) => void;
  /** Brings older spellings into the newer; runs after the check. */
  readonly settle?: (value: ValueOf<F>) => ValueOf<F>;
}

export function struct<F extends Fields>(spec: StructSpec<F>): Schema<ValueOf<F>> {
  const names = Object.keys(spec.fields);
  const zero = initialOf(spec.fields, names);
  return {
    expected: "a map",
    zero,
    isZero: (value) => names.every((name) => spec.fields[name]!.schema.isZero(Reflect.get(value, name))),
    read(node, reader) {
      if (isNull(node)) return zero;
      if (node.kind !== "map") {
        reader.expected(node, "a map", spec.type);
        return zero;
      }
      const before = reader.problemsCount;
      const value = readFields(node, reader, spec, names);
      if (reader.problemsCount > before) return value;
      spec.check?.(value, reader);
      return spec.settle === undefined ? value : reader.moved(value, spec.settle(value));
    },
    write(value) {
      const written = new Map<string, Written>();
      for (const name of names) {
        const { schema, kept } = spec.fields[name]!;
        const part: unknown = Reflect.get(value, name);
        if (kept || !schema.isZero(part)) written.set(name, schema.write(part));
      }
      return written;
    },
  };
}

function initialOf<F extends Fields>(fields: F, names: readonly string[]): ValueOf<F> {
  return Object.fromEntries(names.map((name) => [name, fields[name]!.initial])) as ValueOf<F>;
}

function readFields<F extends Fields>(
  node: YamlMap,
  reader: Reader,
  spec: StructSpec<F>,
  names: readonly string[],
): ValueOf<F> {
  const values: Record<string, unknown> = { ...initialOf(spec.fields, names) };
  const places = new Map<string, YamlPlace>();
  for (const { key, value: part } of node.entries) {
    const name = key.text;
    const known = Object.hasOwn(spec.fields, name) ? spec.fields[name]! : undefined;
    if (known === undefined) {
      if (!reader.ignoresUnknown) {
        const close = nearest(name, names);
        const hint = close === undefined ? "" : `; did you mean "${close}"?`;
        reader.report(key.place, `field ${name} not found in type ${spec.type}${hint}`);
      }
      continue;
    }
    if (places.has(name)) {
      reader.report(key.place, `field ${name} already set in type ${spec.type}`);
      continue;
    }
    places.set(name, isNull(part) ? key.place : part.place);
    if (!isNull(part)) values[name] = reader.part(name, known.schema, part);
    else if (known.nullMessage !== undefined) reader.report(key.place, known.nullMessage);
    else values[name] = known.schema.zero;
  }
  const value = values as ValueOf<F>;
  reader.keep(value, node.place, places);
  return value;
}

export function isNull(node: YamlNode): boolean {
  return node.kind === "scalar" && node.type === "null";
}

function described(node: YamlNode): string {
  if (node.kind === "list") return "a list";
  if (node.kind === "map") return "a map";
  return node.type === "null"
    ? "nothing"
    : `"${node.text.length > 60 ? node.text.slice(0, 60) + "…" : node.text}"`;
}

/** Go's own words for a value of the wrong type, which users search for. */
function goMessage(node: YamlNode, goType: string): string {
  if (node.kind === "list") return `cannot unmarshal !!seq into ${goType}`;
  if (node.kind === "map") return `cannot unmarshal !!map into ${goType}`;
  const tag = node.type === "text" ? "str" : node.type;
  const text = node.text.length > 10 ? node.text.slice(0, 7) + "..." : node.text;
  return `cannot unmarshal !!${tag} \`${text}\` into ${goType}`;
}
