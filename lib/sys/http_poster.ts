/**
 * Sends a body by HTTP: notifications. Follows redirects as Go's client does, keeps credentials from other hosts,
 * and turns every ending into a value. The transports are those of scrapes.
 */
import type { HttpOutcome, HttpPost, HttpPoster, HttpPosters } from "../core/ports.ts";
import { messageOf } from "../core/errors.ts";
import { Deadline } from "./scrape_deadline.ts";
import { FetchTransport, NodeTlsTransport } from "./scrape_fetch.ts";
import type { Hop, HopOutcome, Transport } from "./scrape_hop.ts";

/** As Go's client. */
const REDIRECTS_MAX = 10;
/** Receivers answer with a word or two; what is longer is not read. */
const ANSWER_BYTES_MAX = 1024 * 1024;

export function createPosters(): HttpPosters {
  return { open: () => new Poster() };
}

class Poster implements HttpPoster {
  #fetch: FetchTransport | undefined;
  #nodeTls: NodeTlsTransport | undefined;

  async post(request: HttpPost, signal: AbortSignal): Promise<HttpOutcome> {
    if (!URL.canParse(request.url)) {
      return { kind: "failed", reason: `parse ${JSON.stringify(request.url)}: not an absolute URL` };
    }
    const deadline = new Deadline(request.timeoutMs, signal);
    try {
      return await this.#follow(request, new URL(request.url), deadline);
    } finally {
      deadline.clear();
    }
  }

  close(): void {
    this.#fetch?.close();
    this.#nodeTls?.close();
    this.#fetch = undefined;
    this.#nodeTls = undefined;
  }

  async #follow(request: HttpPost, first: URL, deadline: Deadline): Promise<HttpOutcome> {
    const { tls, proxyUrl } = request;
    let url = first;
    let { headers } = request;
    let send: Uint8Array | undefined = request.body;
    for (let hops = 0;; hops++) {
      const failed = (reason: string): HttpOutcome => ({
        kind: "failed",
        reason: `${send === undefined ? "Get" : "Post"} "${url.href}": ${reason}`,
      });
      if (url.protocol !== "https:" && url.protocol !== "http:") {
        return failed(`unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
      }
      const outcome = await sent(this.#transportOf(url, request), {
        url,
        headers,
        bodyBytesMax: ANSWER_BYTES_MAX,
        deadline,
        tls,
        proxyUrl,
        send,
      });
      if (deadline.state === "timedOut") return { kind: "timedOut" };
      if (deadline.state === "aborted") return failed("context canceled");
      if (outcome.kind === "tooLarge") return { kind: "tooLarge", bytesMax: ANSWER_BYTES_MAX };
      if (outcome.kind === "failed") return failed(outcome.reason);
      const { status, statusText, contentType, body, location } = outcome;
      if (!request.followRedirects || !REDIRECTS.has(status) || location === "") {
        return { kind: "response", status, statusText, contentType, body };
      }
      if (hops === REDIRECTS_MAX) return failed(`stopped after ${REDIRECTS_MAX} redirects`);
      if (!URL.canParse(location, url)) {
        return failed(`failed to parse Location header ${JSON.stringify(location)}`);
      }
      const next = new URL(location, url);
      if (status !== 307 && status !== 308) send = undefined;
      // What authenticates, whatever its name, is for the first host alone.
      if (next.origin !== url.origin) {
        headers = headers.filter(([name]) => HARMLESS_HEADERS.has(name.toLowerCase()));
      }
      url = next;
    }
  }

  #transportOf(url: URL, { tls }: HttpPost): Transport {
    const rare = tls !== undefined && (tls.insecureSkipVerify || tls.serverName !== undefined);
    if (url.protocol === "https:" && rare) return this.#nodeTls ??= new NodeTlsTransport();
    return this.#fetch ??= new FetchTransport();
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const HARMLESS_HEADERS: ReadonlySet<string> = new Set(["content-type", "user-agent"]);

/** The ports promise that no ending is an exception; what slips through a transport is a failure with its words. */
async function sent(transport: Transport, hop: Hop): Promise<HopOutcome> {
  try {
    return await transport.send(hop);
  } catch (error) {
    transport.close();
    return { kind: "failed", reason: messageOf(error) };
  }
}
