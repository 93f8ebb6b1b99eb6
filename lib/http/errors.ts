/**
 * The one place that turns errors into statuses. A `UserError` is shown as it is; anything else is this program's
 * fault: its message is logged and shown as `internal`.
 */
import { messageOf, UserError, type UserErrorCode } from "../core/errors.ts";
import type { Log } from "../core/ports.ts";
import { quoteJson } from "./json_writer.ts";
import type { Reply } from "./reply.ts";

const STATUS: Readonly<Record<UserErrorCode, number>> = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  internal: 500,
  // As Prometheus: an API that is switched off answers 500.
  unavailable: 500,
  not_found: 404,
  not_acceptable: 406,
};

export function statusOf(code: UserErrorCode): number {
  return STATUS[code];
}

/** An API's error in Prometheus's envelope. `aborted`: the client went away, so whatever failed was canceled. */
export function errorReply(error: unknown, log: Log, aborted: boolean): Reply {
  const { code, message } = classify(error, log, aborted);
  return {
    status: STATUS[code],
    contentType: "application/json",
    body: `{"status":"error","errorType":"${code}","error":${quoteJson(message)}}`,
  };
}

/** The error as plain text, as Go's http.Error writes it. */
export function plainErrorReply(error: unknown, log: Log, aborted: boolean): Reply {
  const { code, message } = classify(error, log, aborted);
  return plainReply(STATUS[code], message);
}

/** As Go's http.Error: the text with a line feed. */
export function plainReply(status: number, message: string): Reply {
  return {
    status,
    contentType: "text/plain; charset=utf-8",
    headers: { "X-Content-Type-Options": "nosniff" },
    body: `${message}\n`,
  };
}

function classify(error: unknown, log: Log, aborted: boolean): { code: UserErrorCode; message: string } {
  if (error instanceof UserError) return { code: error.code, message: error.message };
  if (aborted) return { code: "canceled", message: `request was canceled: ${messageOf(error)}` };
  log.error("request failed", {
    error: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  });
  return { code: "internal", message: messageOf(error) };
}

export function badData(message: string): UserError {
  return new UserError("bad_data", message);
}

/** As Prometheus: `invalid parameter "start": …`. */
export function invalidParameter(name: string, reason: string): UserError {
  return new UserError("bad_data", `invalid parameter "${name}": ${reason}`);
}
