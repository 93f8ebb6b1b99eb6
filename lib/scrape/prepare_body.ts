/**
 * The answer of a target as lines that are read by the last ones: a protobuf body becomes text, classic histograms
 * become histograms with custom buckets where that is asked for. What has no form in text comes beside the lines.
 */
import type { Body } from "../exposition/body_reader.ts";
import { withCustomBuckets } from "../exposition/custom_buckets_body.ts";
import { type ProtoBody, readProtoBody } from "../exposition/proto_body.ts";
import { ExpositionError, type ExpositionFormat } from "../exposition/record.ts";
import type { ScrapeSettings } from "./settings.ts";
import type { Workspace } from "./workspace.ts";

export interface PreparedBody {
  readonly next: Body;
  /** Undefined for text that stayed as it was. */
  readonly beside: ProtoBody | undefined;
}

/** Throws an `ExpositionError` or a `BucketLimitError`. */
export function prepareBody(
  work: Workspace,
  format: ExpositionFormat | "protobuf",
  bytes: Uint8Array,
  { native, customBuckets }: ScrapeSettings,
): PreparedBody {
  const proto = format === "protobuf" ? readProtoBody(bytes, native) : undefined;
  const textFormat = format === "protobuf" ? "openmetrics" : format;
  const next = work.copied(textFormat, proto?.text ?? bytes);
  if (!customBuckets) return { next, beside: proto };
  const options = { keepClassic: native.alwaysClassic, bucketsMax: native.bucketsMax };
  try {
    const beside = withCustomBuckets(work.reader.parserOf(textFormat), next, proto, options);
    return { next: work.copied(textFormat, beside.text), beside };
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    // The reading finds the same fault, and counts what comes before it.
    return { next, beside: proto };
  }
}
