/**
 * What a route answers, before it becomes a `Response`: status, headers, and a body that is text, bytes or a
 * generator of chunks. A generator is drained by the reader's pace, so a large answer takes the memory of one chunk;
 * one that ends with its first chunk is sent as a single buffer.
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
    return wholeResponse(typeof body === "string" ? utf8.encode(body) : body, status, headers, coding, sent);
  }
  const first = body.next();
  if (first.done === true) {
    sent(0);
    return new Response(null, { status, headers });
  }
  const second = body.next();
  if (second.done === true) return wholeResponse(first.value, status, headers, coding, sent);
  const stream = streamOf([first.value, second.value], body, sent);
  if (coding === undefined) return new Response(stream, { status, headers });
  headers.set("Content-Encoding", coding);
  return new Response(compressStream(stream, coding), { status, headers });
}

function wholeResponse(
  bytes: Uint8Array<ArrayBuffer>,
  status: number,
  headers: Headers,
  coding: ContentCoding | undefined,
  sent: (bytes: number) => void,
): Response {
  if (coding === undefined || bytes.length < COMPRESS_BYTES_MIN || headers.has("Content-Encoding")) {
    sent(bytes.length);
    return new Response(bytes, { status, headers });
  }
  headers.set("Content-Encoding", coding);
  if (bytes.length > COMPRESS_AT_ONCE_BYTES_MAX) {
    return new Response(compressStream(streamOf([], slicesOf(bytes), sent), coding), { status, headers });
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
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
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
      rest.return(undefined);
      sent(bytes);
    },
  }, { highWaterMark: 1 });
}

function nextOf(chunks: Generator<Uint8Array<ArrayBuffer>>): Uint8Array<ArrayBuffer> | undefined {
  const next = chunks.next();
  return next.done === true ? undefined : next.value;
}
