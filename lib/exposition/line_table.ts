/**
 * The records of one body as columns: where each starts, how long its key is, which series it belongs to, its
 * value. A session keeps the table of its last body; readers fill a shared one that grows. Byte lengths of
 * records follow from the starts.
 */

/** In `slot`, for records that are no samples. */
export const SLOT_NONE = -1;
export const SLOT_TYPE = -2;
export const SLOT_METADATA = -3;
export const SLOT_END = -4;

/** A longer key is never matched by its prefix, only as a whole line or by the full parser. */
export const PREFIX_BYTES_MAX = 0xffff;

export class LineTable {
  count = 0;
  /** `count + 1` offsets: the last is the end of the last record. */
  start: Uint32Array;
  /** Bytes from the record's start to its value; 0 where a prefix must not be trusted. */
  prefix: Uint16Array;
  slot: Int32Array;
  values: Float64Array;
  /** The sample's own timestamp in milliseconds, NaN for none; empty while no record has one. */
  times: Float64Array = EMPTY_TIMES;
  hasTimes = false;

  constructor(capacity: number) {
    this.start = new Uint32Array(capacity + 1);
    this.prefix = new Uint16Array(capacity);
    this.slot = new Int32Array(capacity);
    this.values = new Float64Array(capacity);
  }

  get capacity(): number {
    return this.slot.length;
  }

  clear(): void {
    this.count = 0;
    this.hasTimes = false;
    this.start[0] = 0;
  }

  /** Doubles the room for lines. */
  grow(): void {
    const capacity = this.capacity * 2;
    const start = new Uint32Array(capacity + 1);
    start.set(this.start);
    this.start = start;
    const prefix = new Uint16Array(capacity);
    prefix.set(this.prefix);
    this.prefix = prefix;
    const slot = new Int32Array(capacity);
    slot.set(this.slot);
    this.slot = slot;
    const values = new Float64Array(capacity);
    values.set(this.values);
    this.values = values;
    if (this.hasTimes) this.times = grownTimes(this.times, capacity);
  }

  setTime(line: number, tMs: number): void {
    if (!this.hasTimes) {
      if (this.times.length < this.capacity) this.times = new Float64Array(this.capacity);
      this.times.fill(NaN);
      this.hasTimes = true;
    }
    this.times[line] = tMs;
  }

  /** Takes over the records of `other`, in arrays that fit: ones far too large are given back. */
  copyFrom(other: LineTable): void {
    const { count } = other;
    if (this.capacity < count || this.capacity > 2 * count + SLACK_LINES) {
      const capacity = count + (count >> 4);
      this.start = new Uint32Array(capacity + 1);
      this.prefix = new Uint16Array(capacity);
      this.slot = new Int32Array(capacity);
      this.values = new Float64Array(capacity);
      this.times = EMPTY_TIMES;
    }
    this.count = count;
    this.start.set(other.start.subarray(0, count + 1));
    this.prefix.set(other.prefix.subarray(0, count));
    this.slot.set(other.slot.subarray(0, count));
    this.values.set(other.values.subarray(0, count));
    this.hasTimes = other.hasTimes;
    if (!other.hasTimes) this.times = EMPTY_TIMES;
    else {
      if (this.times.length < count) this.times = new Float64Array(this.capacity);
      this.times.set(other.times.subarray(0, count));
    }
  }

  get bytes(): number {
    return this.start.byteLength + this.prefix.byteLength + this.slot.byteLength + this.values.byteLength +
      this.times.byteLength;
  }
}

const EMPTY_TIMES = new Float64Array(0);
/** Below this waste a table is kept as it is. */
const SLACK_LINES = 256;

function grownTimes(times: Float64Array, capacity: number): Float64Array {
  const grown = new Float64Array(capacity).fill(NaN);
  grown.set(times);
  return grown;
}
