/**
 * Arguments of a subcommand: positional words and a few text flags, each with its value. The server's own flags
 * have a table with types (flags.ts); subcommands have too few of them for that.
 */
import { UserError } from "../core/errors.ts";
import { nearest } from "./nearest.ts";

export interface SubcommandSpec {
  /** Flags that take a value; repeatable ones collect. */
  readonly valued: readonly string[];
  readonly booleans: readonly string[];
  readonly short: Readonly<Record<string, string>>;
}

export interface SubcommandArguments {
  readonly positional: readonly string[];
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly booleans: ReadonlySet<string>;
}

/** Throws a `UserError` for a flag that is not in `spec` or has no value. `--` ends the flags. */
export function readArguments(argv: readonly string[], spec: SubcommandSpec): SubcommandArguments {
  const positional: string[] = [];
  const values = new Map<string, string[]>();
  const booleans = new Set<string>();
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === "--") {
      positional.push(...argv.slice(i + 1));
      break;
    }
    if (!argument.startsWith("-") || argument === "-") {
      positional.push(argument);
      continue;
    }
    const equals = argument.indexOf("=");
    const written = equals < 0 ? argument : argument.slice(0, equals);
    const name = written.startsWith("--") ? written.slice(2) : spec.short[written.slice(1)];
    if (name !== undefined && spec.booleans.includes(name)) {
      if (equals >= 0) throw new UserError("bad_data", `unexpected value for flag '--${name}'`);
      booleans.add(name);
      continue;
    }
    if (name === undefined || !spec.valued.includes(name)) throw unknownFlag(written, spec);
    const value = equals >= 0 ? argument.slice(equals + 1) : argv[++i];
    if (value === undefined) throw new UserError("bad_data", `expected argument for flag '--${name}'`);
    values.set(name, [...values.get(name) ?? [], value]);
  }
  return { positional, values, booleans };
}

function unknownFlag(written: string, spec: SubcommandSpec): UserError {
  const kind = written.startsWith("--") ? "long" : "short";
  const near = nearest(written.replace(/^-+/, ""), [...spec.valued, ...spec.booleans]);
  const hint = near === undefined ? "" : `, did you mean '--${near}'?`;
  return new UserError("bad_data", `unknown ${kind} flag '${written}'${hint}`);
}
