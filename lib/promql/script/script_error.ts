/** A mistake in a script itself, with its line. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
  constructor(readonly line: number, reason: string) {
    super(`line ${line}: ${reason}`);
  }
}
