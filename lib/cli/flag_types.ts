/**
 * A command-line flag as data, and the type that its value has once parsed. The tables of flags are written in
 * these terms; the parser, `--help` and `/api/v1/status/flags` read them and know no flag by name.
 */
export type FlagKind =
  | "text"
  | "bool"
  | "integer"
  | "number"
  /** A Prometheus duration; the value is milliseconds. */
  | "duration"
  /** A number with a unit, powers of two; the value is bytes. */
  | "bytes"
  /** `host:port` or `:port`. */
  | "address"
  | "url"
  | "regex"
  | "choice";

export interface FlagSpec {
  readonly kind: FlagKind;
  /** As written on the command line; absent: none. A `bool` without one is false. */
  readonly default?: string;
  readonly help: string;
  /** Where the help should show something else than the kind, `<URL>`. */
  readonly placeholder?: string;
  readonly hidden?: true;
  readonly repeatable?: true;
  /** Refused in the other mode. Absent: both modes. */
  readonly mode?: "server" | "agent";
  /** Accepted so that existing command lines go on working; the reason is added to the help. */
  readonly ignored?: string;
  /** Known, but setting it is an error with this reason. */
  readonly refused?: string;
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
}

export type FlagTable = Readonly<Record<string, FlagSpec>>;

type Scalar<S extends FlagSpec> = S["kind"] extends "integer" | "number" | "duration" | "bytes" ? number
  : string;

export type FlagValue<S extends FlagSpec> = S["kind"] extends "bool" ? boolean
  : S extends { readonly repeatable: true } ? readonly string[]
  : S extends { readonly default: string } ? Scalar<S>
  : Scalar<S> | undefined;

export type FlagValues<T extends FlagTable> = { readonly [Name in keyof T]: FlagValue<T[Name]> };

/** Reasons for which a flag is accepted and does nothing. */
export const IGNORED_RUNTIME = "Accepted and ignored: it tunes the Go runtime.";
export const IGNORED_TSDB = "Accepted and ignored: it tunes Prometheus's own storage format.";
export const IGNORED_YET = "Accepted; not active in this version.";
