/**
 * Seeded random numbers: xoshiro128** over a state filled by splitmix32. Equal seeds give equal sequences on every
 * machine, which is what simulations and tests need. Not for secrets.
 */
import { assert } from "./assert.ts";
import type { Rng } from "./ports.ts";

export function createRng(seed: number): Rng {
  let filler = seed >>> 0;
  // The high half of a seed beyond 32 bits counts too.
  filler ^= Math.imul(Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b1);
  function fill(): number {
    filler = (filler + 0x9e3779b9) | 0;
    let word = filler ^ (filler >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return word ^ (word >>> 15);
  }
  const state = new Uint32Array(4);
  for (let i = 0; i < 4; i++) state[i] = fill();
  if ((state[0]! | state[1]! | state[2]! | state[3]!) === 0) state[0] = 1; // the one state that never moves
  return {
    uint32(): number {
      const scrambled = Math.imul(rotateLeft(Math.imul(state[1]!, 5), 7), 9) >>> 0;
      const shifted = state[1]! << 9;
      state[2]! ^= state[0]!;
      state[3]! ^= state[1]!;
      state[1]! ^= state[2]!;
      state[0]! ^= state[3]!;
      state[2]! ^= shifted;
      state[3] = rotateLeft(state[3]!, 11);
      return scrambled;
    },
  };
}

/** Uniform over 0 … count − 1, without bias: draws above the largest multiple of `count` are thrown away. */
export function drawBelow(rng: Rng, count: number): number {
  assert(Number.isInteger(count) && count > 0 && count <= 2 ** 32, `cannot draw below ${count}`);
  const usable = 2 ** 32 - (2 ** 32 % count);
  for (;;) {
    const word = rng.uint32();
    if (word < usable) return word % count;
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
