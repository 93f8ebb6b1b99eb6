/**
 * What one expansion may use. A template that loops or prints without end is an error of that template, and harms
 * nobody else.
 */
import { TemplateError } from "./template_error.ts";

/** Of one expansion: a page of consoles is some hundred kB. */
export const TEMPLATE_OUTPUT_CHARS_MAX = 4 * 1024 * 1024;
/** Nodes carried out: a range over ten thousand series with some twenty actions each. */
export const TEMPLATE_STEPS_MAX = 1_000_000;
/** Templates within templates: an endless recursion is found before the stack ends. */
export const TEMPLATE_DEPTH_MAX = 200;

export interface TemplateLimits {
  readonly outputCharsMax: number;
  readonly stepsMax: number;
  readonly depthMax: number;
}

export const TEMPLATE_LIMITS: TemplateLimits = {
  outputCharsMax: TEMPLATE_OUTPUT_CHARS_MAX,
  stepsMax: TEMPLATE_STEPS_MAX,
  depthMax: TEMPLATE_DEPTH_MAX,
};

export class TemplateBudget {
  #steps = 0;
  #chars = 0;

  constructor(
    readonly limits: TemplateLimits,
    readonly name: string,
    readonly signal: AbortSignal | undefined,
  ) {}

  step(): void {
    if (++this.#steps > this.limits.stepsMax) this.#fail(`more than ${this.limits.stepsMax} steps`);
    if ((this.#steps & 0xff) === 0) this.signal?.throwIfAborted();
  }

  /** Texts that functions make count as well: `printf "%1000000d"` in a loop never reaches the output. */
  text(length: number): void {
    this.#chars += length;
    if (this.#chars > this.limits.outputCharsMax) {
      this.#fail(`more than ${this.limits.outputCharsMax} characters of text`);
    }
  }

  #fail(what: string): never {
    throw new TemplateError(`template: ${this.name}: exceeded the limit of one expansion: ${what}`);
  }
}
