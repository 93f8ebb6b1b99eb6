/**
 * A caller's mistake, or a limit that a caller met. The code decides the HTTP status in `lib/http/errors.ts`
 * alone and the exit code in `lib/cli/`; the message is shown to the user as it is.
 */
export type UserErrorCode =
  | "bad_data"
  | "execution"
  | "canceled"
  | "timeout"
  | "internal"
  | "unavailable"
  | "not_found"
  | "not_acceptable";

export class UserError extends Error {
  override readonly name: string = "UserError";
  constructor(readonly code: UserErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The message of anything that was thrown, for a log line or a `lastError` field. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
