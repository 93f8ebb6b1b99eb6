/**
 * Invariants. A failed assertion is a programmer's error: the actor that met it dies and its supervisor
 * decides. Expected endings are values, and a caller's mistake is a `UserError` (errors.ts); neither belongs here.
 */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function assert(condition: unknown, message = "invariant broken"): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends an exhaustive `switch` on `kind`: adding a variant without a case does not type-check. */
export function assertNever(value: never): never {
  throw new AssertionError(`no case for ${JSON.stringify(value)}`);
}
