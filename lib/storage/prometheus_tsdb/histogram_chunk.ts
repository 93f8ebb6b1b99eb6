/**
 * Chunks of native histograms, integer and float: a layout (schema, zero threshold, spans, custom bounds) that all
 * samples share, then each sample as changes against the one before. As Prometheus: chunkenc/histogram.go and
 * float_histogram.go.
 */
import {
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
} from "../../model/histogram/float_histogram.ts";
import { floatFromInteger } from "../../model/histogram/integer_histogram.ts";
import { bucketsFromSpans, type Span } from "../../model/histogram/spans.ts";
import { HistogramError, validateHistogram } from "../../model/histogram/validate.ts";
import { STALE_HIGH, STALE_LOW } from "../../model/stale.ts";
import { CorruptDataError } from "../errors.ts";
import { BitReader, type XorState, xorState } from "./bit_reader.ts";

const HEADER_BYTES = 3;
const HINTS: readonly CounterResetHint[] = ["unknown", "not_reset", "reset", "gauge"];
/** Of the byte that stands for a power of two. */
const THRESHOLD_EXPONENT_BIAS = 243;
const THRESHOLD_RAW = 255;
const SPANS_MAX = 65_536;

export interface HistogramSample {
  readonly tMs: number;
  /** Undefined: the series ended here (a staleness marker). */
  readonly histogram: FloatHistogram | undefined;
}

interface Layout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly customValues: readonly number[];
}

const bits = new Uint32Array(2);
const float = new Float64Array(bits.buffer);

function numberOf(state: XorState): number {
  bits[0] = state.low;
  bits[1] = state.high;
  return float[0]!;
}

export function decodeHistogramChunk(bytes: Uint8Array): HistogramSample[] {
  const { count, hint, input } = open(bytes, "histogram chunk");
  const samples: HistogramSample[] = [];
  if (count === 0) return samples;
  const layout = readLayout(input);
  const positive = new Float64Array(bucketsOf(layout.positiveSpans, input));
  const negative = new Float64Array(bucketsOf(layout.negativeSpans, input));
  const positiveChange = new Float64Array(positive.length);
  const negativeChange = new Float64Array(negative.length);
  const sum = xorState();
  let tMs = input.varbitInt();
  let total = input.varbitUint();
  let zero = input.varbitUint();
  input.float(sum);
  for (const side of [positive, negative]) for (let i = 0; i < side.length; i++) side[i] = input.varbitInt();
  let [timeChange, totalChange, zeroChange] = [0, 0, 0];
  for (let i = 0;;) {
    const stale = isStale(sum);
    samples.push({
      tMs,
      histogram: stale ? undefined : valid(input, () =>
        floatFromInteger({
          ...layout,
          zeroCount: zero,
          count: total,
          sum: numberOf(sum),
          positiveDeltas: positive,
          negativeDeltas: negative,
          counterResetHint: hintOf(hint, i),
        })),
    });
    if (++i === count) return samples;
    tMs += timeChange += input.varbitInt();
    total += totalChange += input.varbitInt();
    zero += zeroChange += input.varbitInt();
    input.xorFloat(sum);
    if (isStale(sum)) continue;
    for (let b = 0; b < positive.length; b++) positive[b]! += positiveChange[b]! += input.varbitInt();
    for (let b = 0; b < negative.length; b++) negative[b]! += negativeChange[b]! += input.varbitInt();
  }
}

export function decodeFloatHistogramChunk(bytes: Uint8Array): HistogramSample[] {
  const { count, hint, input } = open(bytes, "float histogram chunk");
  const samples: HistogramSample[] = [];
  if (count === 0) return samples;
  const layout = readLayout(input);
  const [total, zero, sum] = [xorState(), xorState(), xorState()];
  const positive = Array.from({ length: bucketsOf(layout.positiveSpans, input) }, xorState);
  const negative = Array.from({ length: bucketsOf(layout.negativeSpans, input) }, xorState);
  let tMs = input.varbitInt();
  for (const state of [total, zero, sum, ...positive, ...negative]) input.float(state);
  let timeChange = 0;
  for (let i = 0;;) {
    samples.push({
      tMs,
      histogram: isStale(sum) ? undefined : valid(input, () => {
        const histogram: FloatHistogram = {
          ...EMPTY_HISTOGRAM,
          schema: layout.schema,
          zeroThreshold: layout.zeroThreshold,
          zeroCount: numberOf(zero),
          count: numberOf(total),
          sum: numberOf(sum),
          positive: bucketsFromSpans(layout.positiveSpans, positive.map(numberOf)),
          negative: bucketsFromSpans(layout.negativeSpans, negative.map(numberOf)),
          customValues: Float64Array.from(layout.customValues),
          counterResetHint: hintOf(hint, i),
        };
        validateHistogram(histogram);
        return histogram;
      }),
    });
    if (++i === count) return samples;
    tMs += timeChange += input.varbitInt();
    for (const state of [total, zero, sum]) input.xorFloat(state);
    if (isStale(sum)) continue;
    for (const state of positive) input.xorFloat(state);
    for (const state of negative) input.xorFloat(state);
  }
}

function open(bytes: Uint8Array, what: string) {
  if (bytes.length < HEADER_BYTES) {
    throw new CorruptDataError(
      `Cannot decode ${what}: expected ${HEADER_BYTES} bytes or more, got ${bytes.length}`,
    );
  }
  const count = bytes[0]! * 256 + bytes[1]!;
  return { count, hint: HINTS[bytes[2]! >> 6]!, input: new BitReader(bytes, what, HEADER_BYTES) };
}

function isStale(sum: XorState): boolean {
  return sum.high === STALE_HIGH && sum.low === STALE_LOW;
}

/** A chunk of counters is begun anew at each reset: only its first sample can be one. */
function hintOf(ofChunk: CounterResetHint, index: number): CounterResetHint {
  if (ofChunk === "gauge") return "gauge";
  if (index > 0) return "not_reset";
  return ofChunk === "reset" ? "reset" : "unknown";
}

function valid(input: BitReader, read: () => FloatHistogram): FloatHistogram {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HistogramError)) throw error;
    return input.fail(error.message);
  }
}

function bucketsOf(spans: readonly Span[], input: BitReader): number {
  const count = spans.reduce((sum, span) => sum + span.length, 0);
  // Each takes a bit at least.
  if (count > input.bitsLeft) input.fail(`spans of ${count} buckets in ${input.bitsLeft} bits`);
  return count;
}

function readLayout(input: BitReader): Layout {
  const zeroThreshold = readThreshold(input);
  const schema = input.varbitInt();
  const positiveSpans = readSpans(input);
  const negativeSpans = readSpans(input);
  const customValues: number[] = [];
  if (schema === CUSTOM_BUCKETS_SCHEMA) {
    const count = input.varbitUint();
    if (count > input.bitsLeft) input.fail(`${count} bounds in ${input.bitsLeft} bits`);
    for (let i = 0; i < count; i++) customValues.push(readBound(input));
  }
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customValues };
}

function readThreshold(input: BitReader): number {
  const byte = input.bits(8);
  if (byte === 0) return 0;
  if (byte !== THRESHOLD_RAW) return 0.5 * 2 ** (byte - THRESHOLD_EXPONENT_BIAS);
  const state = xorState();
  input.float(state);
  return numberOf(state);
}

/** A multiple of a thousandth as its number plus one, or 0 and eight bytes. */
function readBound(input: BitReader): number {
  const thousandths = input.varbitUint();
  if (thousandths > 0) return (thousandths - 1) / 1000;
  const state = xorState();
  input.float(state);
  return numberOf(state);
}

function readSpans(input: BitReader): Span[] {
  const count = input.varbitUint();
  if (count > SPANS_MAX) input.fail(`expected at most ${SPANS_MAX} spans, got ${count}`);
  const spans: Span[] = [];
  for (let i = 0; i < count; i++) {
    const length = input.varbitUint();
    spans.push({ length, offset: input.varbitInt() });
  }
  return spans;
}
