/**
 * What a route answers, before it becomes a `Response`: status, headers, and a body that is text, bytes or a
 * generator of chunks. A generator is drained by the reader's pace, so a large answer takes the memory of one chunk,
 * and the event loop turns between chunks; one that ends with its first chunk is sent as a single buffer.
 */
import { compressBytes, compressStream, type ContentCoding } from "./compress.ts";
import { stringsJson } from "./query_json.ts";

export interface Reply {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | Generator<Uint8Array<ArrayBuffer>>;
}

/** Below this a compressed answer saves no packet. */
export const COMPRESS_BYTES_MIN = 1024;
/** Some four milliseconds of packing; what is larger is packed in pieces, between which the event loop turns. */
export const COMPRESS_AT_ONCE_BYTES_MAX = 256 * 1024;

/** A third of the longest stall that the server promises: making and packing one more chunk takes a few. */
const BODY_WORK_MS_MAX = 16;

/** How a long body gives way to others. */
export interface BodyPacing {
  readonly monotonicMs: () => number;
  readonly yieldToLoop: () => Promise<void>;
}

const utf8 = new TextEncoder();

/** Success in Prometheus's envelope. `data` is JSON. */
export function jsonReply(data: string, warnings: readonly string[] = []): Reply {
  const tail = warnings.length > 0 ? `,"warnings":${stringsJson(warnings)}` : "";
  return { status: 200, contentType: "application/json", body: `{"status":"success","data":${data}${tail}}` };
}

export function textReply(status: number, body: string): Reply {
  return { status, contentType: "text/plain; charset=utf-8", body };
}

export function redirectReply(location: string): Reply {
  return { status: 302, headers: { Location: location } };
}

/**
 * `coding` is what the client accepts. `sent` hears once, at the end of the body, how many bytes it had (before
 * compression), also when the client goes away before.
 */
export function responseOf(
  reply: Reply,
  coding: ContentCoding | undefined,
  sent: (bytes: number) => void,
  pacing: BodyPacing,
): Response {
  const headers = new Headers(reply.headers);
  if (reply.contentType !== undefined) headers.set("Content-Type", reply.contentType);
  const status = reply.status;
  const { body } = reply;
  if (body === undefined) {
    sent(0);
    return new Response(null, { status, headers });
  }
  if (typeof body === "string" || body instanceof Uint8Array) {
    const bytes = typeof body === "string" ? utf8.encode(body) : body;
    return wholeResponse(bytes, { status, headers }, coding, sent, pacing);
  }
  const first = body.next();
  if (first.done === true) {
    sent(0);
    return new Response(null, { status, headers });
  }
  const second = body.next();
  if (second.done === true) return wholeResponse(first.value, { status, headers }, coding, sent, pacing);
  const stream = streamOf([first.value, second.value], body, sent, pacing);
  if (coding === undefined) return new Response(stream, { status, headers });
  headers.set("Content-Encoding", coding);
  return new Response(compressStream(stream, coding), { status, headers });
}

function wholeResponse(
  bytes: Uint8Array<ArrayBuffer>,
  { status, headers }: { readonly status: number; readonly headers: Headers },
  coding: ContentCoding | undefined,
  sent: (bytes: number) => void,
  pacing: BodyPacing,
): Response {
  if (coding === undefined || bytes.length < COMPRESS_BYTES_MIN || headers.has("Content-Encoding")) {
    sent(bytes.length);
    return new Response(bytes, { status, headers });
  }
  headers.set("Content-Encoding", coding);
  if (bytes.length > COMPRESS_AT_ONCE_BYTES_MAX) {
    const stream = streamOf([], slicesOf(bytes), sent, pacing);
    return new Response(compressStream(stream, coding), { status, headers });
  }
  sent(bytes.length);
  return new Response(compressBytes(bytes, coding), { status, headers });
}

function* slicesOf(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += COMPRESS_AT_ONCE_BYTES_MAX) {
    yield bytes.subarray(at, at + COMPRESS_AT_ONCE_BYTES_MAX);
  }
}

function streamOf(
  ready: Uint8Array<ArrayBuffer>[],
  rest: Generator<Uint8Array<ArrayBuffer>>,
  sent: (bytes: number) => void,
  { monotonicMs, yieldToLoop }: BodyPacing,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  let turnedMs = monotonicMs();
  let cancelled = false;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    // Pulls follow one another without a turn of the loop while the client takes what it gets.
    async pull(controller) {
      if (monotonicMs() - turnedMs >= BODY_WORK_MS_MAX) {
        await yieldToLoop();
        turnedMs = monotonicMs();
        if (cancelled) return;
      }
      const chunk = ready.shift() ?? nextOf(rest);
      if (chunk === undefined) {
        sent(bytes);
        controller.close();
        return;
      }
      bytes += chunk.length;
      controller.enqueue(chunk);
    },
    cancel() {
      cancelled = true;
      rest.return(undefined);
      sent(bytes);
    },
  }, { highWaterMark: 1 });
}

function nextOf(chunks: Generator<Uint8Array<ArrayBuffer>>): Uint8Array<ArrayBuffer> | undefined {
  const next = chunks.next();
  return next.done === true ? undefined : next.value;
}
