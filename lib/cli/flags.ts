/**
 * The server's command line: every flag of Prometheus 3 by name, typed values, and refusals that say what is
 * wrong and what the nearest flag is. Pure: nothing is printed and nothing exits here.
 */
import { messageOf } from "../core/errors.ts";
import type { FlagSpec, FlagTable, FlagValues } from "./flag_types.ts";
import { formatFlagValue, parseFlagValue, type ScalarValue } from "./flag_values.ts";
import { COMMON_FLAGS, WEB_FLAGS } from "./flags_common.ts";
import { QUERY_FLAGS } from "./flags_query.ts";
import { HIDDEN_FLAGS, STORAGE_FLAGS } from "./flags_storage.ts";
import { nearest } from "./nearest.ts";

export { type ListenAddress, parseListenAddress } from "./flag_values.ts";

export const SERVER_FLAGS = {
  ...COMMON_FLAGS,
  ...WEB_FLAGS,
  ...STORAGE_FLAGS,
  ...QUERY_FLAGS,
  ...HIDDEN_FLAGS,
} as const satisfies FlagTable;

export type ServerFlags = FlagValues<typeof SERVER_FLAGS>;
export type FlagName = keyof typeof SERVER_FLAGS;

export type ServerArguments =
  | {
    readonly kind: "run";
    readonly flags: ServerFlags;
    /** The flags that the command line set. */
    readonly given: ReadonlySet<string>;
    /** The body of `/api/v1/status/flags`. */
    readonly strings: Readonly<Record<string, string>>;
    /** Names of --enable-feature, split at commas. */
    readonly features: readonly string[];
    /** To be logged at start: flags without effect, unknown features. */
    readonly warnings: readonly string[];
  }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "refused"; readonly message: string; readonly exitCode: number };

/** As Prometheus: 2 for a flag that does not parse, 3 for a flag of the other mode, 1 otherwise. */
export const EXIT_BAD_FLAG = 2;
export const EXIT_WRONG_MODE = 3;
export const EXIT_FAILURE = 1;

/** Names of --enable-feature that change what this server does. */
export const ACTIVE_FEATURES: ReadonlySet<string> = new Set([
  "promql-experimental-functions",
  "promql-extended-range-selectors",
  "promql-binop-fill-modifiers",
  "promql-delayed-name-removal",
  "promql-per-step-stats",
  "type-and-unit-labels",
  "concurrent-rule-eval",
  "exemplar-storage",
]);

/** Names that Prometheus 3 accepts for what has become its default. */
const DEFAULT_FEATURES: ReadonlySet<string> = new Set(["promql-duration-expr"]);

/** Further names that Prometheus 3 knows: a warning. Any other name is an unknown one. */
const INACTIVE_FEATURES: ReadonlySet<string> = new Set(
  ("auto-reload-config created-timestamp-zero-ingestion delayed-compaction " +
    "extra-scrape-metrics fast-startup histograms-st-encoding memory-snapshot-on-shutdown " +
    "metadata-wal-records native-histograms ooo-native-histograms old-ui " +
    "otlp-deltatocumulative otlp-native-delta-ingestion search-api st-storage " +
    "st-synthesis use-start-timestamps use-uncached-io xor2-encoding").split(" "),
);

class Refusal extends Error {
  constructor(message: string, readonly exitCode: number) {
    super(message);
  }
}

/** `argv` is what follows the program's name, without a subcommand. */
export function parseServerArguments(argv: readonly string[]): ServerArguments {
  try {
    const given = readGiven(argv);
    if (given === "help" || given === "version") return { kind: given };
    return { kind: "run", ...settle(given) };
  } catch (error) {
    if (error instanceof Refusal) {
      return { kind: "refused", message: error.message, exitCode: error.exitCode };
    }
    throw error;
  }
}

const TABLE: FlagTable = SERVER_FLAGS;

function readGiven(argv: readonly string[]): Map<string, ScalarValue[]> | "help" | "version" {
  const given = new Map<string, ScalarValue[]>();
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === "--help" || argument === "-h") return "help";
    if (argument === "--version") return "version";
    if (!argument.startsWith("-")) throw new Refusal(`unexpected ${argument}`, EXIT_BAD_FLAG);
    if (!argument.startsWith("--")) throw new Refusal(`unknown short flag '${argument}'`, EXIT_BAD_FLAG);
    const equals = argument.indexOf("=");
    const written = equals < 0 ? argument.slice(2) : argument.slice(2, equals);
    const { name, spec, negated } = lookUp(written);
    let text = equals < 0 ? undefined : argument.slice(equals + 1);
    if (spec.kind === "bool") {
      if (negated && text !== undefined) {
        throw new Refusal(`unexpected value for flag '--${written}'`, EXIT_BAD_FLAG);
      }
      text ??= negated ? "false" : "true";
    } else if (text === undefined) {
      text = argv[++i];
      if (text === undefined) throw new Refusal(`expected argument for flag '--${name}'`, EXIT_BAD_FLAG);
    }
    const values = given.get(name) ?? [];
    if (values.length > 0 && spec.repeatable !== true) {
      throw new Refusal(`flag '${name}' cannot be repeated`, EXIT_BAD_FLAG);
    }
    given.set(name, [...values, valueOf(name, spec, text)]);
  }
  return given;
}

function lookUp(written: string): { name: string; spec: FlagSpec; negated: boolean } {
  if (Object.hasOwn(TABLE, written)) return { name: written, spec: TABLE[written]!, negated: false };
  const positive = written.startsWith("no-") ? written.slice(3) : undefined;
  if (positive !== undefined && Object.hasOwn(TABLE, positive) && TABLE[positive]!.kind === "bool") {
    return { name: positive, spec: TABLE[positive]!, negated: true };
  }
  const shown = Object.keys(TABLE).filter((name) => TABLE[name]!.hidden !== true);
  const near = nearest(written, shown);
  const hint = near === undefined ? "" : `, did you mean '--${near}'?`;
  throw new Refusal(`unknown long flag '--${written}'${hint}`, EXIT_BAD_FLAG);
}

function valueOf(name: string, spec: FlagSpec, text: string): ScalarValue {
  try {
    return parseFlagValue(spec, text);
  } catch (error) {
    throw new Refusal(`invalid value for flag '--${name}': ${messageOf(error)}`, EXIT_BAD_FLAG);
  }
}

function settle(given: ReadonlyMap<string, readonly ScalarValue[]>) {
  const isAgent = given.get("agent")?.[0] === true;
  const warnings: string[] = [];
  const flags: Record<string, unknown> = {};
  const strings: Record<string, string> = {};
  for (const [name, spec] of Object.entries(TABLE)) {
    const values = given.get(name);
    if (values !== undefined) check(name, spec, { isAgent, isSet: values[0] !== false && values[0] !== "" });
    if (values !== undefined && spec.ignored !== undefined) {
      warnings.push(`--${name} has no effect. ${spec.ignored}`);
    }
    flags[name] = spec.repeatable === true
      ? values ?? (spec.default === undefined ? [] : spec.default.split(","))
      : values?.[0] ?? defaultOf(spec);
    strings[name] = formatFlagValue(spec, flags[name]);
  }
  const typed = flags as ServerFlags;
  const features = typed["enable-feature"].flatMap((list) => list.split(",")).map((name) => name.trim())
    .filter((name) => name !== "");
  for (const name of features) {
    if (ACTIVE_FEATURES.has(name) || DEFAULT_FEATURES.has(name)) continue;
    warnings.push(
      INACTIVE_FEATURES.has(name)
        ? `--enable-feature=${name} has no effect in this version`
        : `Unknown option for --enable-feature: ${name}`,
    );
  }
  return { flags: typed, given: new Set(given.keys()), strings, features, warnings };
}

function defaultOf(spec: FlagSpec): ScalarValue | undefined {
  if (spec.default !== undefined) return parseFlagValue(spec, spec.default);
  return spec.kind === "bool" ? false : undefined;
}

function check(name: string, spec: FlagSpec, state: { isAgent: boolean; isSet: boolean }): void {
  const wrongMode = state.isAgent ? spec.mode === "server" : spec.mode === "agent";
  if (wrongMode) {
    const [flagMode, mode] = state.isAgent ? ["server", "agent"] : ["agent", "server"];
    throw new Refusal(
      `The following flag(s) can not be used in ${mode} mode: ["--${name}"] (${flagMode} mode only)`,
      EXIT_WRONG_MODE,
    );
  }
  if (spec.refused !== undefined && state.isSet) {
    throw new Refusal(`flag '--${name}': ${spec.refused}`, EXIT_FAILURE);
  }
}
