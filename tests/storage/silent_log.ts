/** A log that nobody reads. */
import type { Log } from "../../lib/core/ports.ts";

export const SILENT_LOG: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => SILENT_LOG,
};
