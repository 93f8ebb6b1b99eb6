/** The supervision of an actor that has no children: nothing to restart, nothing to wait for. */
import type { Supervision } from "./types.ts";

export const CHILDLESS: Supervision = {
  scope: "oneForOne",
  restartsMax: 0,
  windowMs: 1_000,
  backoffMs: { min: 0, max: 0 },
  directive: () => "stop",
};
