/** Servers that answer byte by byte, and a request against one of them. */
import assert from "node:assert/strict";
import type { HttpGet, HttpOutcome } from "../../lib/core/ports.ts";
import { createScrapeClients } from "../../lib/sys/scrape_client.ts";

export const clients = createScrapeClients();
export const encoder = new TextEncoder();
export const decoder = new TextDecoder();

export function request(url: string, more: Partial<HttpGet> = {}): HttpGet {
  return {
    url,
    headers: [["Accept", "text/plain"]],
    timeoutMs: 5000,
    bodyBytesMax: 0,
    followRedirects: true,
    ...more,
  };
}

export async function once(get: HttpGet, signal = new AbortController().signal): Promise<HttpOutcome> {
  const client = clients.open();
  try {
    return await client.get(get, signal);
  } finally {
    client.close();
  }
}

export function textOf(outcome: HttpOutcome): string {
  assert.equal(outcome.kind, "response", JSON.stringify(outcome));
  return outcome.kind === "response" ? decoder.decode(outcome.body) : "";
}

export function reasonOf(outcome: HttpOutcome): string {
  assert.equal(outcome.kind, "failed", JSON.stringify(outcome));
  return outcome.kind === "failed" ? outcome.reason : "";
}

export interface RawServer {
  readonly url: string;
  readonly requests: string[];
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** Answers each request with what `answer` writes; it may close the connection itself. */
export function rawServer(answer: (conn: Deno.TcpConn, count: number) => Promise<void> | void): RawServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const requests: string[] = [];
  let connections = 0;
  let count = 0;
  async function serve(conn: Deno.TcpConn): Promise<void> {
    const bytes = new Uint8Array(65_536);
    try {
      for (;;) {
        const read = await conn.read(bytes);
        if (read === null) break;
        requests.push(decoder.decode(bytes.subarray(0, read)));
        await answer(conn, count++);
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    } finally {
      open.delete(conn);
      try {
        conn.close();
      } catch { /* the answer closed it */ }
    }
  }
  const done = (async () => {
    const served: Promise<void>[] = [];
    for await (const conn of listener) {
      connections++;
      open.add(conn);
      served.push(serve(conn));
    }
    await Promise.all(served);
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/metrics`,
    requests,
    connections: () => connections,
    async stop() {
      listener.close();
      for (const conn of open) {
        try {
          conn.close();
        } catch { /* closed already */ }
      }
      await done;
    },
  };
}

export async function write(conn: Deno.TcpConn, text: string | Uint8Array): Promise<void> {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

export async function against(
  answer: string | Uint8Array | ((conn: Deno.TcpConn, count: number) => Promise<void> | void),
  work: (server: RawServer) => Promise<void>,
): Promise<void> {
  const server = rawServer(
    typeof answer === "function" ? answer : async (conn) => {
      await write(conn, answer);
      conn.close();
    },
  );
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

export const OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n";
