/**
 * Any pattern of ast.ts as a non-deterministic automaton, run as a deterministic one whose states are made when a
 * text first needs them. Building takes time linear in the pattern, matching linear in the text; the states are
 * bounded, and thrown away when there are too many. Says whether a whole text matches, not where groups lie.
 */
import { type CharRanges, CODE_POINT_MAX, normalRanges, type ParsedRegex, type RegexNode } from "./ast.ts";
import { foldsAlike } from "./backtracking.ts";

/** Steps of an automaton: counted repetition multiplies them. */
const STEPS_MAX = 1 << 18;
/** States that are kept, each with a table for ASCII, and steps in all of them. */
const STATES_MAX = 2_048;
const STATE_STEPS_MAX = 1 << 20;

const CHAR = 0;
const RANGES = 1;
const SPLIT = 2;
const END = 3;

/** Steps as columns. CHAR: code and next; RANGES: index of the ranges and next; SPLIT: both ways on. */
class Steps {
  kind = new Uint8Array(256);
  a = new Int32Array(256);
  b = new Int32Array(256);
  count = 0;
  readonly ranges: CharRanges[] = [];
  readonly #foldsCase: boolean;
  /** Of characters that fold: their ranges. */
  readonly #folded = new Map<number, CharRanges>();

  constructor(foldsCase: boolean) {
    this.#foldsCase = foldsCase;
  }

  /** The step at which `node`, followed by step `next`, begins; −1 where there are too many. */
  emit(node: RegexNode, next: number): number {
    if (next < 0) return -1;
    switch (node.kind) {
      case "literal": {
        const codes = [...node.text];
        let at = next;
        for (let i = codes.length - 1; i >= 0; i--) at = this.#char(codes[i]!.codePointAt(0)!, at);
        return at;
      }
      case "chars":
        return this.#ranges(this.#foldsCase ? foldedRanges(node.ranges) : node.ranges, next);
      case "group":
        return this.emit(node.body, next);
      case "concat": {
        let at = next;
        for (let i = node.parts.length - 1; i >= 0; i--) at = this.emit(node.parts[i]!, at);
        return at;
      }
      case "alternatives": {
        let at = this.emit(node.branches.at(-1)!, next);
        for (let i = node.branches.length - 2; i >= 0; i--) {
          at = this.add(SPLIT, this.emit(node.branches[i]!, next), at);
        }
        return at;
      }
      case "repeat":
        return this.#repeat(node, next);
    }
  }

  add(kind: number, a: number, b: number): number {
    if (a < 0 || b < 0 || this.count >= STEPS_MAX) return -1;
    if (this.count === this.kind.length) this.#grow();
    this.kind[this.count] = kind;
    this.a[this.count] = a;
    this.b[this.count] = b;
    return this.count++;
  }

  #repeat(node: RegexNode & { readonly kind: "repeat" }, next: number): number {
    const { body, min, max } = node;
    let at = next;
    if (max === Infinity) {
      const loop = this.add(SPLIT, 0, next);
      const entry = this.emit(body, loop);
      if (loop < 0 || entry < 0) return -1;
      this.a[loop] = entry;
      at = min === 0 ? loop : entry;
    } else {
      for (let i = min; i < max && at >= 0; i++) at = this.add(SPLIT, this.emit(body, at), next);
    }
    const copies = max === Infinity ? min - 1 : min;
    for (let i = 0; i < copies && at >= 0; i++) at = this.emit(body, at);
    return at;
  }

  #char(code: number, next: number): number {
    if (!this.#foldsCase) return this.add(CHAR, code, next);
    let ranges = this.#folded.get(code);
    if (ranges === undefined) this.#folded.set(code, ranges = foldedRanges([[code, code]]));
    return ranges.length === 1 && ranges[0]![0] === ranges[0]![1]
      ? this.add(CHAR, code, next)
      : this.#ranges(ranges, next);
  }

  #ranges(ranges: CharRanges, next: number): number {
    this.ranges.push(ranges);
    return this.add(RANGES, this.ranges.length - 1, next);
  }

  #grow(): void {
    const size = this.kind.length * 4;
    const kind = new Uint8Array(size);
    kind.set(this.kind);
    this.kind = kind;
    const a = new Int32Array(size);
    a.set(this.a);
    this.a = a;
    const b = new Int32Array(size);
    b.set(this.b);
    this.b = b;
  }
}

/** Both cases of ASCII letters, and the two characters from outside that fold to one. */
function foldedRanges(ranges: CharRanges): CharRanges {
  if (ranges.length === 1 && ranges[0]![0] === 0 && ranges[0]![1] === CODE_POINT_MAX) return ranges;
  const folded: (readonly [number, number])[] = [...ranges];
  for (const [from, to] of ranges) {
    for (let code = from; code <= to; code++) {
      const lower = code | 0x20;
      if (lower < 0x61 || lower > 0x7a) continue;
      folded.push([lower, lower], [lower - 0x20, lower - 0x20]);
      if (lower === 0x6b) folded.push([0x212a, 0x212a]);
      if (lower === 0x73) folded.push([0x17f, 0x17f]);
    }
  }
  return normalRanges(folded);
}

interface State {
  /** Steps that wait for a character, in the order in which they were found. */
  readonly steps: Int32Array;
  readonly accepts: boolean;
  readonly ascii: (State | undefined)[];
  readonly other: Map<number, State>;
}

export interface Automaton {
  matches(text: string): boolean;
}

/** undefined for a pattern that is too large, or folds case beyond ASCII. */
export function automatonOf(parsed: ParsedRegex): Automaton | undefined {
  if (parsed.foldsCase && !foldsAlike(parsed.node)) return undefined;
  const steps = new Steps(parsed.foldsCase);
  const start = steps.emit(parsed.node, steps.add(END, 0, 0));
  return start < 0 ? undefined : new LazyStates(steps, start);
}

class LazyStates implements Automaton {
  readonly #steps: Steps;
  readonly #byHash = new Map<number, State[]>();
  #states = 0;
  #stateSteps = 0;
  /** The set of steps under construction: which it has, and the mark that says so. */
  readonly #found: Int32Array;
  readonly #marks: Int32Array;
  readonly #stack: Int32Array;
  #foundCount = 0;
  #mark = 0;
  #accepts = false;
  #start: State;
  readonly #startStep: number;

  constructor(steps: Steps, startStep: number) {
    this.#steps = steps;
    this.#startStep = startStep;
    this.#found = new Int32Array(steps.count);
    this.#marks = new Int32Array(steps.count);
    this.#stack = new Int32Array(steps.count + 1);
    this.#start = this.#startState();
  }

  matches(text: string): boolean {
    let state = this.#start;
    for (let i = 0; i < text.length; i++) {
      let code = text.charCodeAt(i);
      if (code >= 0xd800 && code < 0xdc00) {
        code = text.codePointAt(i)!;
        if (code > 0xffff) i++;
      }
      state = (code < 0x80 ? state.ascii[code] : state.other.get(code)) ?? this.#after(state, code);
      if (state.steps.length === 0 && !state.accepts) return false;
    }
    return state.accepts;
  }

  #startState(): State {
    this.#begin();
    this.#reach(this.#startStep);
    return this.#state();
  }

  #after(state: State, code: number): State {
    const { kind, a, b, ranges } = this.#steps;
    this.#begin();
    for (const step of state.steps) {
      const takes = kind[step] === CHAR ? a[step] === code : holds(ranges[a[step]!]!, code);
      if (takes) this.#reach(b[step]!);
    }
    if (this.#states >= STATES_MAX || this.#stateSteps + this.#foundCount > STATE_STEPS_MAX) {
      return this.#afterClearing();
    }
    const next = this.#state();
    if (code < 0x80) state.ascii[code] = next;
    else state.other.set(code, next);
    return next;
  }

  /** Forgets all states but the one under construction and the first. */
  #afterClearing(): State {
    const steps = this.#found.slice(0, this.#foundCount);
    const accepts = this.#accepts;
    this.#byHash.clear();
    this.#states = 0;
    this.#stateSteps = 0;
    this.#start = this.#startState();
    return this.#kept(steps, accepts);
  }

  #begin(): void {
    this.#mark++;
    this.#foundCount = 0;
    this.#accepts = false;
  }

  /** Adds a step and all that it leads to without a character. */
  #reach(from: number): void {
    const { kind, a, b } = this.#steps;
    const marks = this.#marks;
    const stack = this.#stack;
    let depth = 0;
    if (marks[from] === this.#mark) return;
    marks[from] = this.#mark;
    stack[depth++] = from;
    while (depth > 0) {
      const step = stack[--depth]!;
      if (kind[step] === END) this.#accepts = true;
      else if (kind[step] !== SPLIT) this.#found[this.#foundCount++] = step;
      else {
        const first = a[step]!;
        const second = b[step]!;
        if (marks[second] !== this.#mark) {
          marks[second] = this.#mark;
          stack[depth++] = second;
        }
        if (marks[first] !== this.#mark) {
          marks[first] = this.#mark;
          stack[depth++] = first;
        }
      }
    }
  }

  #state(): State {
    return this.#kept(this.#found.slice(0, this.#foundCount), this.#accepts);
  }

  #kept(steps: Int32Array, accepts: boolean): State {
    let hash = accepts ? 1 : 0;
    for (const step of steps) hash = Math.imul(hash ^ step, 0x01000193);
    const alike = this.#byHash.get(hash);
    const found = alike?.find((state) => state.accepts === accepts && sameSteps(state.steps, steps));
    if (found !== undefined) return found;
    const state: State = { steps, accepts, ascii: [], other: new Map() };
    if (alike === undefined) this.#byHash.set(hash, [state]);
    else alike.push(state);
    this.#states++;
    this.#stateSteps += steps.length;
    return state;
  }
}

function sameSteps(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** By halves: a class may have thousands of ranges. */
function holds(ranges: CharRanges, code: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const [from, to] = ranges[middle]!;
    if (code < from) high = middle;
    else if (code > to) low = middle + 1;
    else return true;
  }
  return false;
}
