/**
 * `$VAR` and `${VAR}` in external labels, by the rules of Go's os.Expand: `$$` is a dollar sign, a dollar before
 * anything that cannot begin a name stays, broken braces vanish.
 */
const REFERENCE = /\$(?:\{([^}]*)\}|(\{)|([*#$@!?0-9-])|([A-Za-z_][A-Za-z0-9_]*))/g;

export interface Expansion {
  readonly text: string;
  /** Variables that are not set, or empty. */
  readonly missing: readonly string[];
}

export function expandVariables(text: string, env: (name: string) => string | undefined): Expansion {
  const missing: string[] = [];
  const expanded = text.replace(
    REFERENCE,
    (_, braced?: string, broken?: string, special?: string, bare?: string) => {
      if (broken !== undefined || braced === "") return "";
      const name = braced ?? special ?? bare!;
      if (name === "$") return "$";
      const value = env(name) ?? "";
      if (value === "") missing.push(name);
      return value;
    },
  );
  return { text: expanded, missing };
}
