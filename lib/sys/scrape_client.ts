/**
 * HTTP for scrapes: chooses the transport, follows redirects, keeps credentials from other hosts, and turns every
 * ending into a value. Plain http goes over a raw connection, TLS and proxies through `fetch`.
 */
import type { HttpClient, HttpClients, HttpGet, HttpOutcome } from "../core/ports.ts";
import { messageOf } from "../core/errors.ts";
import { RawTransport } from "./scrape_connection.ts";
import { Deadline } from "./scrape_deadline.ts";
import { FetchTransport, NodeTlsTransport } from "./scrape_fetch.ts";
import { BODY_BYTES_CAP, type Header, type Hop, type HopOutcome, type Transport } from "./scrape_hop.ts";

/** As Go's client. */
const REDIRECTS_MAX = 10;

/** The headers that tell a stranger nothing: all that goes along when a redirect leaves the host. */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "user-agent",
  "x-prometheus-scrape-timeout-seconds",
]);

export function createScrapeClients(): HttpClients {
  return { open: () => new ScrapeClient() };
}

class ScrapeClient implements HttpClient {
  #raw: RawTransport | undefined;
  #fetch: FetchTransport | undefined;
  #nodeTls: NodeTlsTransport | undefined;
  /** The same URL comes each time, and parsing it costs as much as sending the request. */
  #url: { readonly text: string; readonly url: URL } | undefined;

  async get(request: HttpGet, signal: AbortSignal): Promise<HttpOutcome> {
    const url = this.#parsed(request.url);
    if (url === undefined) {
      return { kind: "failed", reason: `parse ${JSON.stringify(request.url)}: not an absolute URL` };
    }
    const deadline = new Deadline(request.timeoutMs, signal);
    try {
      return await this.#follow(request, url, deadline);
    } finally {
      deadline.clear();
    }
  }

  close(): void {
    this.#raw?.close();
    this.#fetch?.close();
    this.#nodeTls?.close();
    this.#raw = undefined;
    this.#fetch = undefined;
    this.#nodeTls = undefined;
  }

  #parsed(text: string): URL | undefined {
    if (this.#url?.text === text) return this.#url.url;
    if (!URL.canParse(text)) return undefined;
    this.#url = { text, url: new URL(text) };
    return this.#url.url;
  }

  async #follow(request: HttpGet, first: URL, deadline: Deadline): Promise<HttpOutcome> {
    let url = first;
    let headers = withUserInfo(request.headers, url);
    for (let hops = 0;; hops++) {
      const transport = this.#transportOf(url, request);
      if (transport === undefined) {
        return {
          kind: "failed",
          reason: `Get "${shown(url)}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`,
        };
      }
      const { bodyBytesMax, tls, proxyUrl } = request;
      const outcome = await sent(transport, {
        url: bare(url),
        headers,
        bodyBytesMax,
        deadline,
        tls,
        proxyUrl,
      });
      if (deadline.state === "timedOut") return { kind: "timedOut" };
      if (deadline.state === "aborted") {
        return { kind: "failed", reason: `Get "${shown(url)}": context canceled` };
      }
      if (outcome.kind === "tooLarge") return { kind: "tooLarge", bytesMax: bodyBytesMax || BODY_BYTES_CAP };
      if (outcome.kind === "failed") {
        return { kind: "failed", reason: `Get "${shown(url)}": ${outcome.reason}` };
      }
      const { status, statusText, contentType, body, location } = outcome;
      if (!request.followRedirects || !isRedirect(status) || location === "") {
        return { kind: "response", status, statusText, contentType, body };
      }
      if (hops === REDIRECTS_MAX) {
        return { kind: "failed", reason: `Get "${shown(url)}": stopped after ${REDIRECTS_MAX} redirects` };
      }
      if (!URL.canParse(location, url)) {
        return {
          kind: "failed",
          reason: `Get "${shown(url)}": failed to parse Location header ${JSON.stringify(location)}`,
        };
      }
      const next = new URL(location, url);
      if (isStranger(url, next)) {
        headers = headers.filter(([name]) => HARMLESS_HEADERS.has(name.toLowerCase()));
      }
      url = next;
    }
  }

  #transportOf(url: URL, { tls, proxyUrl }: HttpGet): Transport | undefined {
    const isTls = url.protocol === "https:";
    if (!isTls && url.protocol !== "http:") return undefined;
    if (!isTls && proxyUrl === undefined) return this.#raw ??= new RawTransport();
    if (isTls && tls !== undefined && (tls.insecureSkipVerify || tls.serverName !== undefined)) {
      return this.#nodeTls ??= new NodeTlsTransport();
    }
    return this.#fetch ??= new FetchTransport();
  }
}

/** The ports promise that no ending is an exception; what slips through a transport is a failure with its words. */
async function sent(transport: Transport, hop: Hop): Promise<HopOutcome> {
  try {
    return await transport.send(hop);
  } catch (error) {
    transport.close();
    return { kind: "failed", reason: messageOf(error) };
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** Another host, another port of it, or the same in clear text after TLS. */
function isStranger(from: URL, to: URL): boolean {
  if (from.hostname !== to.hostname) return true;
  if (from.protocol === "http:" && to.protocol === "https:") return false;
  return from.origin !== to.origin;
}

/** `http://user:password@host/` means basic authentication, unless the request brings its own. */
function withUserInfo(headers: readonly Header[], url: URL): readonly Header[] {
  if (url.username === "" && url.password === "") return headers;
  if (headers.some(([name]) => name.toLowerCase() === "authorization")) return headers;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const latin1 = Array.from(new TextEncoder().encode(pair), (byte) => String.fromCharCode(byte)).join("");
  return [...headers, ["Authorization", `Basic ${btoa(latin1)}`]];
}

/** Without user and password: they travel in a header. */
function bare(url: URL): URL {
  if (url.username === "" && url.password === "") return url;
  const copy = new URL(url);
  copy.username = "";
  copy.password = "";
  return copy;
}

/** As Go shows a URL in errors: no password. */
function shown(url: URL): string {
  if (url.password === "") return url.href;
  const copy = new URL(url);
  copy.password = "***";
  return copy.href;
}
