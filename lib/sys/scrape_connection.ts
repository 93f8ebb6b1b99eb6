/**
 * Plain HTTP/1.1 over one kept-alive TCP connection: a fifth of what `fetch` costs a scrape. Speaks what scrapes
 * need: GET, Content-Length, chunked and until-close bodies, gzip. A connection that the target closed while it
 * was idle is opened anew once. Whatever a target sends has a named ending and a bounded size.
 */
import {
  BODY_BYTES_CAP,
  type Header,
  headerFault,
  type Hop,
  type HopOutcome,
  socketFault,
  type Transport,
} from "./scrape_hop.ts";
import { NoRoom } from "./scrape_large_bodies.ts";
import { LineTooLong, ReadBuffer, UnexpectedEnd } from "./scrape_read_buffer.ts";
import { gunzipWithin } from "./scrape_gunzip.ts";
import { Room } from "./scrape_rooms.ts";

/** Status line and headers together. Go's client allows 1 MiB; no exporter comes near either. */
const HEAD_BYTES_MAX = 64 * 1024;
/** Interim answers (1xx) that may come before the real one. */
const INTERIM_MAX = 5;
/** Arguments of one call: a usual head, and far from what a stack holds. */
const SPREAD_BYTES_MAX = 2048;
/** A chunk's size line, extensions included, and the trailer. */
const CHUNK_LINE_BYTES_MAX = 4096;

class Malformed extends Error {}
class TooLarge extends Error {}

interface Head {
  readonly status: number;
  readonly statusText: string;
  readonly keepsAlive: boolean;
  readonly headers: ReadonlyMap<string, string>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class RawTransport implements Transport {
  #conn: Deno.TcpConn | undefined;
  #host = "";
  readonly #room = new Room();
  /** Mostly the same request comes each time, and writing its bytes down costs more than sending them. */
  #last: { readonly url: URL; readonly headers: readonly Header[]; readonly bytes: Uint8Array } | undefined;

  async send(hop: Hop): Promise<HopOutcome> {
    if (this.#last?.url !== hop.url || this.#last.headers !== hop.headers) {
      const fault = hop.headers.map(headerFault).find((each) => each !== undefined);
      if (fault !== undefined) return { kind: "failed", reason: fault };
      this.#last = { url: hop.url, headers: hop.headers, bytes: requestBytes(hop) };
    }
    const { bytes } = this.#last;
    const { url } = hop;
    const port = url.port === "" ? 80 : Number(url.port);
    const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const host = `${url.hostname}:${port}`;
    if (this.#host !== host) this.close();
    this.#host = host;
    hop.deadline.onEnd = () => this.close();
    try {
      const wasIdle = this.#conn !== undefined;
      const first = await this.#attempt(hop, bytes, { hostname, port }, wasIdle);
      if (first !== "stale") return first;
      const second = await this.#attempt(hop, bytes, { hostname, port }, false);
      return second === "stale" ? { kind: "failed", reason: "EOF" } : second;
    } finally {
      hop.deadline.onEnd = undefined;
    }
  }

  close(): void {
    const conn = this.#conn;
    this.#conn = undefined;
    if (conn !== undefined) closeQuietly(conn);
  }

  /** "stale": the idle connection was closed before it answered a single byte. */
  async #attempt(
    hop: Hop,
    request: Uint8Array,
    { hostname, port }: { readonly hostname: string; readonly port: number },
    wasIdle: boolean,
  ): Promise<HopOutcome | "stale"> {
    let buffer: ReadBuffer | undefined;
    try {
      const conn = this.#conn ??= await dial(hostname, port, hop.deadline.signal);
      if (hop.deadline.state !== "running") throw new Error("closed");
      buffer = new ReadBuffer(conn);
      await writeAll(conn, request);
      return await this.#read(hop, buffer);
    } catch (error) {
      this.close();
      if (hop.deadline.state !== "running") return { kind: "failed", reason: "canceled" };
      if (error instanceof TooLarge) return { kind: "tooLarge" };
      if (error instanceof Malformed || error instanceof LineTooLong || error instanceof NoRoom) {
        return { kind: "failed", reason: error.message };
      }
      const nothingCame = buffer === undefined || buffer.received === 0;
      if (wasIdle && nothingCame) return "stale";
      if (error instanceof UnexpectedEnd) {
        return { kind: "failed", reason: nothingCame ? "EOF" : "unexpected EOF" };
      }
      return { kind: "failed", reason: socketFault(error, this.#host) };
    } finally {
      buffer?.release();
    }
  }

  async #read(hop: Hop, buffer: ReadBuffer): Promise<HopOutcome> {
    let head = await readHead(buffer);
    for (let interim = 0; head.status < 200; interim++) {
      if (head.status === 101 || interim === INTERIM_MAX) {
        throw new Malformed(`net/http: unexpected status ${head.status} before the answer`);
      }
      head = await readHead(buffer);
    }
    const { headers } = head;
    const encoding = (headers.get("content-encoding") ?? "").trim().toLowerCase();
    const isGzip = encoding === "gzip" || encoding === "x-gzip";
    if (!isGzip && encoding !== "" && encoding !== "identity") {
      throw new Malformed(`unsupported Content-Encoding ${JSON.stringify(encoding)}`);
    }
    const bytesMax = hop.bodyBytesMax > 0 ? Math.min(hop.bodyBytesMax, BODY_BYTES_CAP) : BODY_BYTES_CAP;
    const { body, isDelimited } = isGzip
      ? await readBody(buffer, head, bytesMax + GZIP_OVERHEAD)
      : await readBody(buffer, head, bytesMax, this.#room);
    if (!head.keepsAlive || !isDelimited || buffer.unread > 0) this.close();
    const contentType = headers.get("content-type") ?? "";
    const location = headers.get("location") ?? "";
    const answer = {
      kind: "response",
      status: head.status,
      statusText: head.statusText,
      contentType,
      location,
    } as const;
    if (!isGzip || body.length === 0) return { ...answer, body };
    const unzipped = await gunzipWithin(body, bytesMax);
    if (unzipped.kind === "tooLarge") return { kind: "tooLarge" };
    if (unzipped.kind === "broken") return { kind: "failed", reason: unzipped.reason };
    return { ...answer, body: unzipped.body };
  }
}

/** What gzip may add to data that does not compress, with room to spare. */
const GZIP_OVERHEAD = 64 * 1024;

async function dial(hostname: string, port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname, port, signal });
  if (signal.aborted) {
    closeQuietly(conn);
    throw new Error("closed");
  }
  conn.setNoDelay(true);
  return conn;
}

function closeQuietly(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch (error) {
    // Already closed by the other end or by the deadline.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += await conn.write(at === 0 ? bytes : bytes.subarray(at));
}

/** The URL comes out of the URL parser and the headers were checked, so no line can be slipped in. */
function requestBytes({ url, headers }: Hop): Uint8Array {
  const lines = [`GET ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`];
  const own = headers.some(([name]) => name.toLowerCase() === "host");
  if (own) lines.pop();
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return encoder.encode(lines.join("\r\n") + "\r\n\r\n");
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([0-9]{3})(?: (.*))?$/;

async function readHead(buffer: ReadBuffer): Promise<Head> {
  const [first = "", ...lines] = await headLines(buffer);
  const match = STATUS_LINE.exec(first);
  if (match === null) {
    throw new Malformed(
      `net/http: HTTP/1.x transport connection broken: malformed HTTP response ${quoted(first)}`,
    );
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    if (colon <= 0 || /\s/.test(name)) throw new Malformed(`malformed MIME header line: ${quoted(line)}`);
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    if (name === "content-length" && before !== undefined && before !== value) {
      throw new Malformed("http: message cannot contain multiple Content-Length headers");
    }
    headers.set(name, before === undefined || name === "content-length" ? value : `${before}, ${value}`);
  }
  const connection = (headers.get("connection") ?? "").toLowerCase();
  const keepsAlive = match[1] === "1" ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
  return { status: Number(match[2]), statusText: match[3] ?? "", keepsAlive, headers };
}

function quoted(line: string): string {
  return JSON.stringify(line.length > 120 ? line.slice(0, 120) + "…" : line);
}

/** The status line and the headers. Mostly they come in one piece with the body, and need no waiting for each. */
async function headLines(buffer: ReadBuffer): Promise<readonly string[]> {
  await buffer.some();
  const whole = buffer.headHere(HEAD_BYTES_MAX - buffer.headBytes);
  if (whole !== undefined) {
    buffer.headBytes += whole.length;
    const lines = textOf(whole).split("\n").map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
    // Behind the empty line comes nothing.
    return lines.slice(0, -2);
  }
  const first = await headLine(buffer);
  if (!STATUS_LINE.test(first)) return [first];
  const lines = [first];
  for (let line = await headLine(buffer); line !== ""; line = await headLine(buffer)) lines.push(line);
  return lines;
}

/** What a TextDecoder says of it, which costs ten times as much for a few bytes. */
function textOf(bytes: Uint8Array): string {
  if (bytes.length > SPREAD_BYTES_MAX) return decoder.decode(bytes);
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80) return decoder.decode(bytes);
  return String.fromCharCode(...bytes);
}

async function headLine(buffer: ReadBuffer): Promise<string> {
  const line = await buffer.line(HEAD_BYTES_MAX);
  buffer.headBytes += line.length;
  if (buffer.headBytes > HEAD_BYTES_MAX) {
    throw new Malformed(`net/http: server response headers exceeded ${HEAD_BYTES_MAX} bytes; aborted`);
  }
  return decoder.decode(line);
}

interface ReadBody {
  readonly body: Uint8Array;
  /** The body ended by itself and not by the connection's end. */
  readonly isDelimited: boolean;
}

async function readBody(
  buffer: ReadBuffer,
  { status, headers }: Head,
  bytesMax: number,
  room?: Room,
): Promise<ReadBody> {
  if (status === 204 || status === 304) return { body: new Uint8Array(0), isDelimited: true };
  const encoding = (headers.get("transfer-encoding") ?? "").trim().toLowerCase();
  if (encoding === "chunked") return { body: await readChunks(buffer, bytesMax, room), isDelimited: true };
  if (encoding !== "" && encoding !== "identity") {
    throw new Malformed(`unsupported transfer encoding: ${quoted(encoding)}`);
  }
  const written = headers.get("content-length");
  if (written !== undefined) {
    if (!/^[0-9]{1,15}$/.test(written)) throw new Malformed(`bad Content-Length ${quoted(written)}`);
    const length = Number(written);
    if (length > bytesMax) throw new TooLarge();
    return { body: await buffer.take(length, room), isDelimited: true };
  }
  const body = await buffer.takeRest(bytesMax);
  if (body === undefined) throw new TooLarge();
  return { body, isDelimited: false };
}

async function readChunks(buffer: ReadBuffer, bytesMax: number, room: Room | undefined): Promise<Uint8Array> {
  // Chunks are moved together at the front of the buffer as they come, and copied out once.
  buffer.beginBody();
  for (;;) {
    const line = decoder.decode(await buffer.line(CHUNK_LINE_BYTES_MAX));
    const size = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?$/.exec(line);
    if (size === null) throw new Malformed(`invalid chunk size line ${quoted(line)}`);
    const length = parseInt(size[1]!, 16);
    if (length === 0) break;
    if (buffer.bodyBytes + length > bytesMax) throw new TooLarge();
    await buffer.appendToBody(length);
    if ((await buffer.line(2)).length !== 0) throw new Malformed("malformed chunked encoding");
  }
  let trailerBytes = 0;
  for (;;) {
    const { length } = await buffer.line(CHUNK_LINE_BYTES_MAX);
    trailerBytes += length;
    if (length === 0) return buffer.body(room);
    if (trailerBytes > CHUNK_LINE_BYTES_MAX) {
      throw new Malformed("http: suspiciously long trailer after chunked body");
    }
  }
}
