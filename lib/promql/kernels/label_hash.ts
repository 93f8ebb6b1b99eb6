/**
 * The hash that `limit_ratio` samples series by: xxHash64 with seed 0 over Prometheus's string encoding of a label
 * set (each name and value behind its length). 64-bit words are pairs of 32-bit halves, low half first, since
 * BigInt arithmetic allocates.
 */
import type { Labels } from "../../model/labels.ts";

const UTF8 = new TextEncoder();

/** As Prometheus's labels with string storage: a length byte, or 255 and three bytes, little-endian. */
export function encodeLabels(labels: Labels): Uint8Array {
  const parts = labels.map((text) => UTF8.encode(text));
  let bytes = 0;
  for (const part of parts) bytes += part.length + (part.length < 255 ? 1 : 4);
  const out = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    if (part.length < 255) {
      out[at++] = part.length;
    } else {
      out[at++] = 255;
      out[at++] = part.length & 0xff;
      out[at++] = (part.length >> 8) & 0xff;
      out[at++] = (part.length >> 16) & 0xff;
    }
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The hash of a label set as a fraction of all hashes: 0 up to, excluding, 1 (or just 1 by rounding). */
export function hashRatio(labels: Labels): number {
  const hash = xxHash64(encodeLabels(labels));
  return (hash.high * 2 ** 32 + hash.low) / 2 ** 64;
}

interface Word64 {
  low: number;
  high: number;
}

const P1: Word64 = { high: 0x9e3779b1, low: 0x85ebca87 };
const P2: Word64 = { high: 0xc2b2ae3d, low: 0x27d4eb4f };
const P3: Word64 = { high: 0x165667b1, low: 0x9e3779f9 };
const P4: Word64 = { high: 0x85ebca77, low: 0xc2b2ae63 };
const P5: Word64 = { high: 0x27d4eb2f, low: 0x165667c5 };

function add(a: Word64, b: Word64): Word64 {
  const low = a.low + b.low;
  return { low: low >>> 0, high: (a.high + b.high + (low > 0xffffffff ? 1 : 0)) >>> 0 };
}

function xor(a: Word64, b: Word64): Word64 {
  return { low: (a.low ^ b.low) >>> 0, high: (a.high ^ b.high) >>> 0 };
}

function multiply(a: Word64, b: Word64): Word64 {
  const a0 = a.low & 0xffff, a1 = a.low >>> 16;
  const b0 = b.low & 0xffff, b1 = b.low >>> 16;
  const p00 = a0 * b0;
  const p01 = a0 * b1;
  const p10 = a1 * b0;
  const middle = (p00 >>> 16) + (p01 & 0xffff) + (p10 & 0xffff);
  const low = (((middle & 0xffff) << 16) | (p00 & 0xffff)) >>> 0;
  const carry = Math.floor(middle / 0x10000) + (p01 >>> 16) + (p10 >>> 16) + a1 * b1;
  const high = (carry + Math.imul(a.low, b.high) + Math.imul(a.high, b.low)) >>> 0;
  return { low, high };
}

function rotate(a: Word64, bits: number): Word64 {
  if (bits >= 32) return rotate({ low: a.high, high: a.low }, bits - 32);
  if (bits === 0) return a;
  return {
    low: ((a.low << bits) | (a.high >>> (32 - bits))) >>> 0,
    high: ((a.high << bits) | (a.low >>> (32 - bits))) >>> 0,
  };
}

function shiftRight(a: Word64, bits: number): Word64 {
  if (bits >= 32) return { low: bits === 32 ? a.high : a.high >>> (bits - 32), high: 0 };
  return { low: ((a.low >>> bits) | (a.high << (32 - bits))) >>> 0, high: a.high >>> bits };
}

function round(accumulator: Word64, input: Word64): Word64 {
  return multiply(rotate(add(accumulator, multiply(input, P2)), 31), P1);
}

function mergeRound(accumulator: Word64, value: Word64): Word64 {
  return add(multiply(xor(accumulator, round({ low: 0, high: 0 }, value)), P1), P4);
}

function negate(a: Word64): Word64 {
  return add({ low: ~a.low >>> 0, high: ~a.high >>> 0 }, { low: 1, high: 0 });
}

export function xxHash64(bytes: Uint8Array): Readonly<Word64> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): Word64 => ({
    low: view.getUint32(at, true),
    high: view.getUint32(at + 4, true),
  });
  let at = 0;
  let hash: Word64;
  if (bytes.length >= 32) {
    let v1 = add(P1, P2), v2 = P2, v3: Word64 = { low: 0, high: 0 }, v4 = negate(P1);
    for (; at + 32 <= bytes.length; at += 32) {
      v1 = round(v1, word(at));
      v2 = round(v2, word(at + 8));
      v3 = round(v3, word(at + 16));
      v4 = round(v4, word(at + 24));
    }
    hash = add(add(rotate(v1, 1), rotate(v2, 7)), add(rotate(v3, 12), rotate(v4, 18)));
    for (const v of [v1, v2, v3, v4]) hash = mergeRound(hash, v);
  } else {
    hash = P5;
  }
  hash = add(hash, { low: bytes.length, high: 0 });
  for (; at + 8 <= bytes.length; at += 8) {
    hash = xor(hash, round({ low: 0, high: 0 }, word(at)));
    hash = add(multiply(rotate(hash, 27), P1), P4);
  }
  if (at + 4 <= bytes.length) {
    hash = xor(hash, multiply({ low: view.getUint32(at, true), high: 0 }, P1));
    hash = add(multiply(rotate(hash, 23), P2), P3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = xor(hash, multiply({ low: bytes[at]!, high: 0 }, P5));
    hash = multiply(rotate(hash, 11), P1);
  }
  hash = multiply(xor(hash, shiftRight(hash, 33)), P2);
  hash = multiply(xor(hash, shiftRight(hash, 29)), P3);
  return xor(hash, shiftRight(hash, 32));
}
