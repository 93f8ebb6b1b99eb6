/** Randomness of the operating system. */
import type { Rng } from "../core/ports.ts";

export const systemRng: Rng = {
  uint32: () => crypto.getRandomValues(new Uint32Array(1))[0]!,
};
