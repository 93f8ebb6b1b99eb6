/**
 * Requests over TLS and through proxies, and those that send a body, by `fetch`. The rare TLS settings that `fetch` has no words for (no
 * verification, another server name) go through node:https. Bodies are read piece by piece under the limit.
 */
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { messageOf } from "../core/errors.ts";
import type { HttpTls } from "../core/ports.ts";
import { gunzipWithin } from "./scrape_gunzip.ts";
import { NoRoom } from "./scrape_large_bodies.ts";
import {
  BODY_BYTES_CAP,
  BodyCollector,
  headerFault,
  type Hop,
  type HopOutcome,
  socketFault,
  type Transport,
} from "./scrape_hop.ts";

function bytesMaxOf(hop: Hop): number {
  return hop.bodyBytesMax > 0 ? Math.min(hop.bodyBytesMax, BODY_BYTES_CAP) : BODY_BYTES_CAP;
}

/** One connection is enough: a target is scraped once at a time. */
const IDLE_CONNECTIONS_MAX = 1;

export class FetchTransport implements Transport {
  #client: Deno.HttpClient | undefined;
  #clientFor = "";

  async send(hop: Hop): Promise<HopOutcome> {
    const fault = hop.headers.map(headerFault).find((each) => each !== undefined);
    if (fault !== undefined) return { kind: "failed", reason: fault };
    try {
      const init: RequestInit & { client: Deno.HttpClient } = {
        headers: hop.headers.map(([name, value]): [string, string] => [name, value]),
        redirect: "manual",
        ...(hop.send === undefined ? {} : { method: "POST", body: hop.send.slice() }),
        signal: hop.deadline.signal,
        client: this.#clientOf(hop),
      };
      const response = await fetch(hop.url, init);
      return await finish(hop, {
        status: response.status,
        statusText: response.statusText,
        contentType: response.headers.get("content-type") ?? "",
        location: response.headers.get("location") ?? "",
        encoding: response.headers.get("content-encoding") ?? "",
        pieces: response.body ?? emptyStream(),
      });
    } catch (error) {
      return { kind: "failed", reason: causeOf(error, hop.url.host) };
    }
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  #clientOf(hop: Hop): Deno.HttpClient {
    const { tls, proxyUrl } = hop;
    const key = JSON.stringify([tls?.caPem, tls?.certPem, tls?.keyPem, proxyUrl]);
    if (this.#client !== undefined && this.#clientFor === key) return this.#client;
    this.close();
    this.#clientFor = key;
    const base: Deno.CreateHttpClientOptions = {
      poolMaxIdlePerHost: IDLE_CONNECTIONS_MAX,
      ...(tls?.caPem === undefined ? {} : { caCerts: [tls.caPem] }),
      ...(proxyUrl === undefined ? {} : { proxy: { url: proxyUrl } }),
    };
    const { certPem, keyPem } = tls ?? {};
    return this.#client = certPem !== undefined && keyPem !== undefined
      ? Deno.createHttpClient({ ...base, cert: certPem, key: keyPem })
      : Deno.createHttpClient(base);
  }
}

/** For `insecureSkipVerify` and `serverName`. */
export class NodeTlsTransport implements Transport {
  #agent = new Agent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS_MAX });

  async send(hop: Hop): Promise<HopOutcome> {
    const fault = hop.headers.map(headerFault).find((each) => each !== undefined);
    if (fault !== undefined) return { kind: "failed", reason: fault };
    if (hop.proxyUrl !== undefined) {
      return {
        kind: "failed",
        reason: "cannot combine proxy_url with tls_config.insecure_skip_verify or tls_config.server_name",
      };
    }
    try {
      const message = await this.#request(hop);
      const { headers } = message;
      return await finish(hop, {
        status: message.statusCode ?? 0,
        statusText: message.statusMessage ?? "",
        contentType: headers["content-type"] ?? "",
        location: headers.location ?? "",
        encoding: headers["content-encoding"] ?? "",
        pieces: message,
      });
    } catch (error) {
      return { kind: "failed", reason: causeOf(error, hop.url.host) };
    }
  }

  close(): void {
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS_MAX });
  }

  #request(hop: Hop): Promise<IncomingMessage> {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of hop.headers) {
      const before = headers[name];
      headers[name] = before === undefined
        ? value
        : Array.isArray(before)
        ? [...before, value]
        : [before, value];
    }
    return new Promise((resolve, reject) => {
      const method = hop.send === undefined ? "GET" : "POST";
      const sent = request(hop.url, { agent: this.#agent, method, headers, ...nodeTls(hop.tls) }, resolve);
      const { signal } = hop.deadline;
      const onAbort = () => sent.destroy(new Error("canceled"));
      signal.addEventListener("abort", onAbort, { once: true });
      sent.on("close", () => signal.removeEventListener("abort", onAbort));
      sent.on("error", reject);
      if (hop.send === undefined) sent.end();
      else sent.end(hop.send);
    });
  }
}

function nodeTls(tls: HttpTls | undefined) {
  return {
    rejectUnauthorized: tls?.insecureSkipVerify !== true,
    ...(tls?.caPem === undefined ? {} : { ca: tls.caPem }),
    ...(tls?.certPem === undefined ? {} : { cert: tls.certPem }),
    ...(tls?.keyPem === undefined ? {} : { key: tls.keyPem }),
    ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly contentType: string;
  readonly location: string;
  readonly encoding: string;
  readonly pieces: AsyncIterable<Uint8Array>;
}

async function finish(hop: Hop, answer: Answer): Promise<HopOutcome> {
  const collector = new BodyCollector(bytesMaxOf(hop));
  try {
    return await collected(hop, answer, collector);
  } catch (error) {
    if (!(error instanceof NoRoom)) throw error;
    return { kind: "failed", reason: error.message };
  } finally {
    collector.release();
  }
}

async function collected(hop: Hop, answer: Answer, collector: BodyCollector): Promise<HopOutcome> {
  // Leaving the loop early cancels the stream.
  for await (const piece of answer.pieces) if (!collector.add(piece)) return { kind: "tooLarge" };
  const { status, statusText, contentType, location } = answer;
  const body = collector.body();
  const response = { kind: "response", status, statusText, contentType, location } as const;
  // `fetch` has undone gzip already and may still tell of it; no exposition starts with gzip's two bytes.
  if (!/gzip/i.test(answer.encoding) || body[0] !== 0x1f || body[1] !== 0x8b) return { ...response, body };
  const unzipped = await gunzipWithin(body, bytesMaxOf(hop));
  if (unzipped.kind === "tooLarge") return { kind: "tooLarge" };
  if (unzipped.kind === "broken") return { kind: "failed", reason: unzipped.reason };
  return { ...response, body: unzipped.body };
}

async function* emptyStream(): AsyncGenerator<Uint8Array> {}

/** The innermost message: `fetch` wraps what the socket or the TLS library said. */
function causeOf(error: unknown, host: string): string {
  let inner: unknown = error;
  let text = messageOf(error);
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause !== undefined; depth++) {
    inner = inner.cause;
    text = messageOf(inner);
  }
  const certificate = /(invalid peer certificate.*|self-signed certificate.*|certificate .*|altnames.*)/i
    .exec(text);
  if (certificate !== null) return `tls: failed to verify certificate: ${certificate[1]}`;
  return socketFault(inner instanceof Error ? inner : new Error(text), host);
}
