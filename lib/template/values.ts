/**
 * Go's values, as a template sees them: an integer is a bigint, a float a number, nil undefined, a slice an array;
 * maps, structs and functions are the classes below. Types matter, since Go compares and prints by them.
 */
import { compareUtf8 } from "../model/labels.ts";
import { CallError } from "./template_error.ts";

export type GoValue =
  | undefined
  | boolean
  | bigint
  | number
  | string
  | GoSlice
  | GoMap
  | GoStruct
  | GoFunction;

export type GoSlice = readonly GoValue[] & { readonly typeName?: string };

/** Keys are strings. What is not there is the empty string in a map of strings, and nil in a map of anything. */
export class GoMap {
  readonly entries: ReadonlyMap<string, GoValue>;
  readonly zero: GoValue;
  readonly typeName: string;
  readonly methods: ReadonlyMap<string, GoFunction>;

  private constructor(
    entries: Iterable<readonly [string, GoValue]>,
    values: "string" | "interface {}",
    typeName: string | undefined,
    methods: ReadonlyMap<string, GoFunction> | undefined,
  ) {
    this.entries = new Map(entries);
    this.zero = values === "string" ? "" : undefined;
    this.typeName = typeName ?? `map[string]${values}`;
    this.methods = methods ?? new Map();
  }

  /** As of labels and annotations; with a type and methods of its own, if need be. */
  static ofStrings(
    entries: Iterable<readonly [string, string]>,
    typeName?: string,
    methods?: ReadonlyMap<string, GoFunction>,
  ): GoMap {
    return new GoMap(entries, "string", typeName, methods);
  }

  static ofAny(
    entries: Iterable<readonly [string, GoValue]>,
    typeName?: string,
    methods?: ReadonlyMap<string, GoFunction>,
  ): GoMap {
    return new GoMap(entries, "interface {}", typeName, methods);
  }

  sortedKeys(): readonly string[] {
    return [...this.entries.keys()].sort(compareUtf8);
  }
}

export interface GoStructOptions {
  readonly typeName: string;
  readonly fields?: ReadonlyMap<string, GoValue>;
  readonly methods?: ReadonlyMap<string, GoFunction>;
  /** How it prints itself (Go's Stringer); default: its fields in braces. */
  readonly text?: string;
}

export class GoStruct {
  readonly typeName: string;
  readonly fields: ReadonlyMap<string, GoValue>;
  readonly methods: ReadonlyMap<string, GoFunction>;
  readonly text: string | undefined;

  constructor({ typeName, fields, methods, text }: GoStructOptions) {
    this.typeName = typeName;
    this.fields = fields ?? new Map();
    this.methods = methods ?? new Map();
    this.text = text;
  }
}

/** What a function takes: Go checks an argument before the call, and fits a literal to it. */
export type ParameterType = "any" | "string" | "int" | "float" | "bool" | "slice" | "map" | {
  readonly struct: string;
};

export interface GoFunctionOptions {
  readonly params: readonly ParameterType[];
  /** Of any further arguments. */
  readonly rest?: ParameterType;
  readonly call: (args: readonly GoValue[]) => GoValue | Promise<GoValue>;
}

export class GoFunction {
  readonly params: readonly ParameterType[];
  readonly rest: ParameterType | undefined;
  readonly call: (args: readonly GoValue[]) => GoValue | Promise<GoValue>;

  constructor({ params, rest, call }: GoFunctionOptions) {
    this.params = params;
    this.rest = rest;
    this.call = call;
  }
}

export function isSlice(value: GoValue): value is GoSlice {
  return Array.isArray(value);
}

export function typeNameOf(value: GoValue): string {
  if (value === undefined) return "<nil>";
  if (isSlice(value)) return value.typeName ?? sliceTypeName(value);
  if (value instanceof GoMap || value instanceof GoStruct) return value.typeName;
  if (value instanceof GoFunction) return "func";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float64";
  return typeof value === "boolean" ? "bool" : "string";
}

function sliceTypeName(slice: GoSlice): string {
  return slice.length > 0 && slice.every((item) => typeof item === "string") ? "[]string" : "[]interface {}";
}

/** As Go's `if`: what is zero or empty is false; a struct never is. */
export function isTrue(value: GoValue): boolean {
  if (value === undefined) return false;
  if (isSlice(value)) return value.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  // What is a named type of text is true when it is not empty.
  if (value instanceof GoStruct) return value.text !== "";
  if (value instanceof GoFunction) return true;
  return value !== false && value !== 0 && value !== 0n && value !== "";
}

/** Checks an argument, in Go's words. */
export function fitArgument(value: GoValue, type: ParameterType): GoValue {
  if (type === "any" || fits(value, type)) return value;
  const wanted = typeof type === "object" ? type.struct : PARAMETER_NAMES[type];
  if (value === undefined) {
    if (type === "slice") return [];
    if (type === "map") return GoMap.ofStrings([]);
    throw new CallError(`wrong type for value; expected ${wanted}; got interface {}`);
  }
  throw new CallError(`wrong type for value; expected ${wanted}; got ${typeNameOf(value)}`);
}

const PARAMETER_NAMES = {
  string: "string",
  int: "int",
  float: "float64",
  bool: "bool",
  slice: "[]interface {}",
  map: "map[string]string",
} as const;

function fits(value: GoValue, type: Exclude<ParameterType, "any">): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "int":
      return typeof value === "bigint";
    case "float":
      return typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    case "slice":
      return isSlice(value);
    case "map":
      return value instanceof GoMap;
    default:
      return typeNameOf(value) === type.struct;
  }
}
