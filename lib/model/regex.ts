/**
 * Regular expressions with RE2's meaning and cost: linear time, no look-around, no back-references. The one door
 * to the engine (`re2js`), with shorter ways for the patterns that most matchers hold: sets of strings and
 * wildcards by string comparison, the platform's own engine where it means the same and is safe, and automata of
 * our own, which are built in a fraction of the time (regex/).
 * Matchers and relabelling match the whole text and let the dot match a newline.
 */
import { RE2JS } from "re2js";
import { messageOf, UserError } from "../core/errors.ts";
import type { RegexNode } from "./regex/ast.ts";
import { type Automaton, automatonOf } from "./regex/automaton.ts";
import { BACKTRACKING_TEXT_MAX, backtrackingRegExp } from "./regex/backtracking.ts";
import { parseRegex } from "./regex/parse.ts";
import { shapeMatcher } from "./regex/shapes.ts";

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

/** The full engine takes up to ten microseconds a character to compile, and the event loop waits. */
const FULL_PATTERN_MAX = 4_096;

/** Compiles `^(?s:pattern)$`. Throws a `UserError` (`bad_data`) with the engine's reason. */
export function compileAnchored(pattern: string): Regex {
  const parsed = parseRegex(pattern);
  if (parsed === undefined) return fullRegex(pattern);
  const shapes = parsed.foldsCase ? undefined : shapeMatcher(parsed.node);
  const native = backtrackingRegExp(parsed);
  let linear: Automaton | undefined;
  if (shapes === undefined && native === undefined) {
    linear = automatonOf(parsed);
    if (linear === undefined) return fullRegex(pattern);
  }
  // What was parsed is right, so the other engines can wait until they are needed.
  let full: Regex | undefined;
  const slow = () => full ??= plainRegex(pattern, compileFull(pattern));
  const linearMatches = (text: string) => (linear ??= automatonOf(parsed) ?? slow()).matches(text);
  const nativeMatches = (text: string) =>
    native !== undefined && text.length <= BACKTRACKING_TEXT_MAX ? native.test(text) : linearMatches(text);
  return {
    pattern,
    literals: shapes?.literals,
    prefix: shapes?.prefix ?? (parsed.foldsCase ? "" : prefixOf(parsed.node)),
    matches: shapes?.matches ?? nativeMatches,
    expand: (text, template) => {
      if (native === undefined || text.length > BACKTRACKING_TEXT_MAX) return slow().expand(text, template);
      const match = native.exec(text);
      if (match === null) return undefined;
      return expandTemplate(template, (name) => GROUP_NUMBER.test(name) ? match[Number(name)] ?? "" : "");
    },
  };
}

/** The full engine alone, for all patterns: what the shorter ways must agree with. */
export function compileReference(pattern: string): Regex {
  return plainRegex(pattern, compileFull(pattern));
}

/** Whether a pattern matches without regard to case as a whole: it begins with `(?i)`. */
export function foldsCase(pattern: string): boolean {
  return pattern.startsWith("(?i)");
}

export interface RegexFinder {
  finds(text: string): boolean;
  /** Every match, from the left, replaced by `template` (as `Regex.expand`). */
  replaceAll(text: string, template: string): string;
}

/** Of what is found anywhere in a text; the dot matches no newline. Throws as `compileAnchored`. */
export function compileUnanchored(pattern: string): RegexFinder {
  const compiled = wrapErrors(() => RE2JS.compile(pattern));
  return {
    finds: (text) => compiled.matcher(text).find(),
    replaceAll: (text, template) => {
      const matcher = compiled.matcher(text);
      let replaced = "";
      let from = 0;
      let before = -1;
      while (matcher.find()) {
        // As Go: no empty match right behind another match.
        if (matcher.end() === before && matcher.start() === before) continue;
        before = matcher.end();
        replaced += text.slice(from, matcher.start()) + expandTemplate(template, groupsOf(compiled, matcher));
        from = matcher.end();
      }
      return replaced + text.slice(from);
    },
  };
}

/** A pattern that only the full engine takes. In the words of Go, where it is a size of another kind. */
function fullRegex(pattern: string): Regex {
  if (pattern.length > FULL_PATTERN_MAX) {
    throw new UserError("bad_data", "error parsing regexp: expression too large");
  }
  return plainRegex(pattern, compileFull(pattern));
}

function compileFull(pattern: string): RE2JS {
  return wrapErrors(() => RE2JS.compile(pattern, RE2JS.DOTALL));
}

function wrapErrors(compile: () => RE2JS): RE2JS {
  try {
    return compile();
  } catch (error) {
    // The engine writes its DOTALL option into the pattern, which is not the user's.
    const reason = messageOf(error).replace(/^error parsing regexp: /, "").replace("`(?s)", "`");
    throw new UserError("bad_data", `error parsing regexp: ${reason}`, { cause: error });
  }
}

function plainRegex(pattern: string, compiled: RE2JS): Regex {
  return {
    pattern,
    literals: undefined,
    prefix: "",
    matches: (text) => compiled.matches(text),
    expand: (text, template) => {
      const matcher = compiled.matcher(text);
      if (!matcher.matches()) return undefined;
      return expandTemplate(template, groupsOf(compiled, matcher));
    },
  };
}

/** A group that the pattern does not have is empty. */
function groupsOf(compiled: RE2JS, matcher: ReturnType<RE2JS["matcher"]>): (name: string) => string {
  return (name) => {
    const index = GROUP_NUMBER.test(name) ? Number(name) : undefined;
    if (index !== undefined) return index <= matcher.groupCount() ? matcher.group(index) ?? "" : "";
    return compiled.namedGroups()[name] === undefined ? "" : matcher.group(name) ?? "";
  };
}

/** The literal that a pattern begins with, where it is plain to see. */
function prefixOf(node: RegexNode): string {
  if (node.kind === "literal") return node.text;
  if (node.kind === "group") return prefixOf(node.body);
  return node.kind === "concat" && node.parts.length > 0 ? prefixOf(node.parts[0]!) : "";
}

/** As Go: a number with a leading zero is a name. */
const GROUP_NUMBER = /^(?:0|[1-9][0-9]*)$/;

/** As Go's regexp.Expand: `$name` takes the longest run of letters, digits and `_`; `$$` is a dollar sign. */
export function expandTemplate(template: string, groupOf: (name: string) => string): string {
  return template.replace(
    /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu,
    (whole, braced?: string, bare?: string) => whole === "$$" ? "$" : groupOf(braced ?? bare ?? ""),
  );
}
