/**
 * Regular expressions with RE2's meaning and cost: linear time, no look-around, no back-references. The one door
 * to the engine (`re2js`). Matchers and relabelling anchor their patterns and let the dot match a newline.
 */
import { RE2JS } from "re2js";
import { messageOf, UserError } from "../core/errors.ts";

export interface Regex {
  readonly pattern: string;
  /** Whether the whole of `text` matches. */
  matches(text: string): boolean;
  /** The strings that match, when they are few and known (`a|b`, `x`); undefined otherwise. */
  readonly literals: readonly string[] | undefined;
  /** Every match begins with this; may be "". */
  readonly prefix: string;
  /**
   * `template` with `$1`, `${name}`, `$$` filled from the match of the whole of `text`, by Go's rules (the longest
   * name wins, an unknown group is empty); undefined when `text` does not match.
   */
  expand(text: string, template: string): string | undefined;
}

/** Compiles `^(?s:pattern)$`. Throws a `UserError` (`bad_data`) with the engine's reason. */
export function compileAnchored(pattern: string): Regex {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(`^(?s:${pattern})$`);
  } catch (error) {
    throw new UserError("bad_data", faultOf(pattern, error), { cause: error });
  }
  return {
    pattern,
    literals: undefined,
    prefix: "",
    matches: (text) => compiled.matches(text),
    expand: (text, template) => {
      const matcher = compiled.matcher(text);
      if (!matcher.matches()) return undefined;
      return expandTemplate(template, (name) => {
        const index = /^[0-9]+$/.test(name) ? Number(name) : undefined;
        if (index !== undefined) return index <= matcher.groupCount() ? matcher.group(index) ?? "" : "";
        return compiled.namedGroups()[name] === undefined ? "" : matcher.group(name) ?? "";
      });
    },
  };
}

/** The engine's reason, in Go's words, which it gives for the pattern as written rather than as wrapped. */
function faultOf(pattern: string, wrapped: unknown): string {
  let reason = messageOf(wrapped);
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    reason = messageOf(error);
  }
  return reason.startsWith("error parsing regexp: ") ? reason : `error parsing regexp: ${reason}`;
}

/** As Go's regexp.Expand: `$name` takes the longest run of word characters; `$$` is a dollar sign. */
export function expandTemplate(template: string, groupOf: (name: string) => string): string {
  return template.replace(
    /\$(?:\$|\{([0-9A-Za-z_]+)\}|([0-9A-Za-z_]+))/g,
    (whole, braced?: string, bare?: string) => whole === "$$" ? "$" : groupOf(braced ?? bare ?? ""),
  );
}
