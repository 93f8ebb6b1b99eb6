/**
 * The room that a client's bodies are handed out in. Allocating 60 kB for each scrape costs a fifth of it, and
 * keeping 60 kB for each of a thousand targets costs as much as their series: so a target that is scraped again
 * within seconds keeps its room, and the others give theirs back.
 */
const IDLE_MS_MAX = 3000;
const SWEEP_EVERY_MS = 1000;
/** Larger bodies are rare, and one of them would weigh more than it saves. */
export const ROOM_BYTES_MAX = 1024 * 1024;

const held = new Set<Room>();
let sweptMs = 0;

export class Room {
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #usedMs = 0;

  /** `length` bytes, overwritten by the next call. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length > ROOM_BYTES_MAX) {
      this.release();
      return new Uint8Array(length);
    }
    const nowMs = performance.now();
    let bytes = this.#bytes;
    if (bytes === undefined || bytes.length < length || bytes.length > 2 * length + 4096) {
      bytes = this.#bytes = new Uint8Array(length + (length >> 4));
      held.add(this);
    }
    this.#usedMs = nowMs;
    if (nowMs - sweptMs > SWEEP_EVERY_MS) sweep(nowMs);
    return bytes.subarray(0, length);
  }

  /** Forgets the bytes; whoever was handed them keeps them. */
  release(): void {
    this.#bytes = undefined;
    held.delete(this);
  }

  static isIdle(room: Room, nowMs: number): boolean {
    return nowMs - room.#usedMs > IDLE_MS_MAX;
  }
}

function sweep(nowMs: number): void {
  sweptMs = nowMs;
  for (const room of held) if (Room.isIdle(room, nowMs)) room.release();
}
