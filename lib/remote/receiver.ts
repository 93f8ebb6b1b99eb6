/**
 * The remote-write 1.0 receiver, apart from HTTP: headers and body in, status and text out. A request is kept as a
 * whole or not at all, and is answered after its commit.
 */
import { assertNever } from "../core/assert.ts";
import { messageOf, UserError } from "../core/errors.ts";
import type { Log } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import type { AppendCounts, AppendOutcome } from "../model/batch.ts";
import type { AppendSamples } from "./append.ts";
import { decodeSnappy } from "./snappy_block.ts";
import {
  DEFINED_PER_BATCH_MAX,
  definingParts,
  learnRefs,
  withKnownSeries,
  type WriteBatch,
  writeBatchesOf,
} from "./write_batches.ts";
import { type DecodedWrite, WriteDecoder } from "./write_decoder.ts";

/** As Prometheus. */
export const WRITE_DECODED_BYTES_MAX = 32 * 1024 * 1024;
/** Snappy never grows its input by more than a sixth, so a larger body would unpack beyond the limit above. */
export const WRITE_BODY_BYTES_MAX = WRITE_DECODED_BYTES_MAX + WRITE_DECODED_BYTES_MAX / 4;
/** As Prometheus: samples further ahead come from a broken clock. */
export const WRITE_AHEAD_MS_MAX = 10 * 60_000;

const V1 = "prometheus.WriteRequest";
const V2 = "io.prometheus.write.v2.Request";

/**
 * What a sender should do about storage's limits: come again soon (503), come again if it cares to (429), or drop the
 * request, since it can never be stored (400, for all others).
 */
const LIMIT_STATUS: Readonly<Record<string, number>> = {
  windowBytesMax: 503,
  pendingBytesMax: 503,
  seriesMax: 429,
  COHORT_COLUMNS_MAX: 429,
};

export interface WriteRequestHead {
  readonly contentType: string;
  readonly contentEncoding: string;
}

export interface WriteAnswer {
  /** 204, or a refusal with `text`. */
  readonly status: number;
  readonly text: string;
  readonly samplesWritten: number;
  readonly histogramsWritten: number;
  readonly exemplarsWritten: number;
}

interface DecodedRequest {
  readonly refusal: WriteAnswer | undefined;
  /** None beside a refusal. */
  readonly batches: readonly WriteBatch[];
  readonly written: Written;
}

/** Of a batch that waited for another, which failed. */
const KEPT_BACK: AppendOutcome = {
  kind: "refused",
  counts: { appended: 0, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 },
  reason: "",
};

export interface ReceiverStats {
  readonly requests: number;
  readonly samples: number;
  readonly histograms: number;
  readonly invalidLabelSamples: number;
  readonly exemplars: number;
  readonly metadataIgnored: number;
  readonly failedRequests: number;
}

/** A quarter of the longest stall that the server promises. */
const DECODE_MS_MAX = 12;

export interface ReceiverPorts {
  readonly append: AppendSamples;
  readonly log: Log;
  readonly monotonicMs: () => number;
  /** Resolves once the event loop has turned. */
  readonly yieldToLoop: () => Promise<void>;
}

export class WriteReceiver {
  readonly #ports: ReceiverPorts;
  /** When the request that is being decoded is out of the decoder, which has room for one. */
  #decoderFree: Promise<unknown> = Promise.resolve();
  readonly #decoder = new WriteDecoder();
  #stats = {
    requests: 0,
    samples: 0,
    histograms: 0,
    invalidLabelSamples: 0,
    exemplars: 0,
    metadataIgnored: 0,
    failedRequests: 0,
  };

  constructor(ports: ReceiverPorts) {
    this.#ports = ports;
  }

  get stats(): ReceiverStats {
    return this.#stats;
  }

  /** Before the body is read; undefined when it may be. */
  refuseHead(head: WriteRequestHead): WriteAnswer | undefined {
    const reason = headProblem(head);
    return reason === undefined ? undefined : this.#failed(415, reason);
  }

  async receive(body: Uint8Array<ArrayBuffer>, nowMs: EpochMs): Promise<WriteAnswer> {
    this.#stats.requests++;
    let bytes: Uint8Array;
    let request: DecodedRequest;
    try {
      bytes = decodeSnappy(body, WRITE_DECODED_BYTES_MAX);
      request = await this.#decode(bytes, (decoded) => this.#refuse(decoded, nowMs));
    } catch (error) {
      if (error instanceof UserError) return this.#failed(400, error.message);
      throw error;
    }
    const { refusal, batches, written } = request;
    if (refusal !== undefined) return refusal;
    if (batches.length === 0) return answered(204, "");
    try {
      return await this.#store(batches, bytes, written);
    } catch (error) {
      this.#ports.log.error("remote write failed", { error: messageOf(error) });
      return this.#failed(500, messageOf(error));
    }
  }

  /** One request after the other, each in pieces between which the event loop may turn. */
  #decode(
    bytes: Uint8Array,
    refuse: (decoded: DecodedWrite) => WriteAnswer | undefined,
  ): Promise<DecodedRequest> {
    const run = async (): Promise<DecodedRequest> => {
      const { monotonicMs, yieldToLoop } = this.#ports;
      const steps = this.#decoder.decodeInSteps(bytes);
      let turnedMs = monotonicMs();
      for (;;) {
        const step = steps.next();
        if (step.done === true) {
          const refusal = refuse(step.value);
          const batches = refusal === undefined ? writeBatchesOf(step.value) : [];
          const histograms = step.value.histograms.length;
          const exemplars = step.value.exemplars.length;
          const written = { samples: step.value.sampleCount - histograms, histograms, exemplars };
          return { refusal, batches, written };
        }
        if (monotonicMs() - turnedMs < DECODE_MS_MAX) continue;
        await yieldToLoop();
        turnedMs = monotonicMs();
      }
    };
    const request = this.#decoderFree.then(run);
    this.#decoderFree = request.catch(() => undefined);
    return request;
  }

  /** Answers, or counts what is left out. */
  #refuse(decoded: DecodedWrite, nowMs: EpochMs): WriteAnswer | undefined {
    if (decoded.maxMs > nowMs + WRITE_AHEAD_MS_MAX) {
      return this.#failed(400, "out of bounds: timestamp is too far in the future");
    }
    this.#stats.metadataIgnored += decoded.metadata;
    if (decoded.invalidReason !== undefined) {
      this.#stats.invalidLabelSamples += decoded.invalidSamples;
      this.#ports.log.warn("remote write: series with invalid labels are skipped", {
        samples: decoded.invalidSamples,
        reason: decoded.invalidReason,
      });
    }
    return undefined;
  }

  async #store(
    batches: readonly WriteBatch[],
    bytes: Uint8Array,
    written: Written,
  ): Promise<WriteAnswer> {
    let outcomes = await this.#appendAll(batches);
    if (outcomes.some(({ kind }) => kind === "wrongEpoch") && !outcomes.some(isRefusalOfItsOwn)) {
      // Storage has begun anew: columns known here mean nothing. The rows were given away, so decode once more.
      for (let i = 0; i < batches.length; i++) {
        if (outcomes[i]!.kind === "wrongEpoch") batches[i]!.cohort.epoch = 0;
      }
      const keptBack = new Set(
        batches.filter((_, i) => outcomes[i]!.kind !== "appended").map(({ cohort }) => cohort),
      );
      const again = await this.#decode(bytes, () => undefined);
      outcomes = await this.#appendAll(again.batches.filter(({ cohort }) => keptBack.has(cohort)));
    }
    const refused = this.#conclude(outcomes);
    if (refused !== undefined) return refused;
    this.#stats.samples += written.samples;
    this.#stats.histograms += written.histograms;
    this.#stats.exemplars += written.exemplars;
    return answered(204, "", written);
  }

  async #appendAll(given: readonly WriteBatch[]): Promise<readonly AppendOutcome[]> {
    const writes: WriteBatch[] = [];
    for (const write of given) {
      if (write.defined.length > DEFINED_PER_BATCH_MAX) {
        const failure = await this.#define(write);
        if (failure !== undefined) return given.map((other) => other === write ? failure : KEPT_BACK);
        writes.push(withKnownSeries(write));
      } else writes.push(write);
    }
    const batches = writes.map(({ batch }) => batch);
    const outcomes = await this.#ports.append(batches, { atomic: true, durable: true });
    for (let i = 0; i < writes.length; i++) {
      const outcome = outcomes[i]!;
      if (outcome.kind === "appended") learnRefs(writes[i]!, outcome);
    }
    return outcomes;
  }

  /** Makes a write's series known, some at a time. Undefined when all of them are. */
  async #define(write: WriteBatch): Promise<AppendOutcome | undefined> {
    let { epoch } = write.batch;
    for (const part of definingParts(write)) {
      const [outcome] = await this.#ports.append([{ ...part.batch, epoch }], {
        atomic: true,
        durable: false,
      });
      if (outcome!.kind !== "appended") return outcome;
      learnRefs(part, outcome!);
      epoch = outcome!.epoch;
    }
    return undefined;
  }

  #conclude(outcomes: readonly AppendOutcome[]): WriteAnswer | undefined {
    const decisive = outcomes.find(isRefusalOfItsOwn) ?? outcomes.find(({ kind }) => kind !== "appended");
    if (decisive === undefined) return undefined;
    switch (decisive.kind) {
      case "appended":
        return undefined;
      case "refused":
        return this.#failed(400, refusalText(decisive.counts, decisive.reason));
      case "limited":
        return this.#failed(LIMIT_STATUS[decisive.limit] ?? 400, `${decisive.limit}: ${decisive.reason}`);
      case "wrongEpoch":
        return this.#failed(500, "storage refused its own references twice");
      default:
        return assertNever(decisive);
    }
  }

  #failed(status: number, text: string): WriteAnswer {
    this.#stats.failedRequests++;
    return answered(status, text);
  }
}

interface Written {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
}

const NOTHING_WRITTEN: Written = { samples: 0, histograms: 0, exemplars: 0 };

function answered(status: number, text: string, written = NOTHING_WRITTEN): WriteAnswer {
  return {
    status,
    text,
    samplesWritten: written.samples,
    histogramsWritten: written.histograms,
    exemplarsWritten: written.exemplars,
  };
}

/** Not merely kept back because of another batch. */
function isRefusalOfItsOwn(outcome: AppendOutcome): boolean {
  if (outcome.kind === "limited") return true;
  if (outcome.kind !== "refused") return false;
  const { outOfOrder, outOfBounds, tooOld, duplicate } = outcome.counts;
  return outOfOrder + outOfBounds + tooOld + duplicate > 0;
}

/** As Prometheus's storage errors, with storage's own words after them where they say more. */
function refusalText(counts: AppendCounts, reason: string): string {
  const text = counts.outOfBounds > 0
    ? "out of bounds"
    : counts.tooOld > 0
    ? "too old sample"
    : counts.duplicate > 0
    ? "duplicate sample for timestamp"
    : "out of order sample";
  if (reason === "" || reason === text) return text;
  return reason.startsWith(text) ? reason : `${text}: ${reason}`;
}

/** As Prometheus: missing headers mean version 1 and snappy. Undefined when both are fine. */
function headProblem(head: WriteRequestHead): string | undefined {
  const contentType = head.contentType.trim();
  if (contentType !== "") {
    const [media, ...parameters] = contentType.split(";");
    if (media !== "application/x-protobuf") {
      return `expected application/x-protobuf as the first (media) part, got ${contentType} content-type`;
    }
    for (const parameter of parameters) {
      const pair = parameter.trim().split("=");
      if (pair.length !== 2) {
        return `as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, ` +
          `got ${parameter} in ${contentType} content-type`;
      }
      if (pair[0] !== "proto") continue;
      if (pair[1] === V2) return `${V2} protobuf message is not accepted by this server; only accepts ${V1}`;
      if (pair[1] !== V1) {
        return `got ${contentType} content type; unknown type for remote write protobuf message ${
          pair[1]
        }, ` +
          `supported: ${V1}`;
      }
    }
  }
  const encoding = head.contentEncoding.trim().toLowerCase();
  if (encoding !== "" && encoding !== "snappy") {
    return `${head.contentEncoding} encoding (compression) is not accepted by this server; only snappy is acceptable`;
  }
  return undefined;
}
