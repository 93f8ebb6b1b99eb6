/** Listens and hands each request to one function. Several addresses share it. */
import { UserError } from "../core/errors.ts";
import type { Log } from "../core/ports.ts";

export interface ServeOptions {
  /** `host:port`; an empty host is every interface, port 0 a free one. */
  readonly addresses: readonly string[];
  readonly handler: (request: Request, info: { readonly remoteAddress: string }) => Promise<Response>;
  readonly log: Log;
}

export interface Listening {
  /** As bound: `127.0.0.1:43121`. */
  readonly addresses: readonly string[];
  /** Takes no more requests and waits for those that are being answered. */
  close(): Promise<void>;
}

/** Rejects with a `UserError` that names the address when it cannot be bound. */
export function serve({ addresses, handler, log }: ServeOptions): Listening {
  const servers: Deno.HttpServer<Deno.NetAddr>[] = [];
  for (const address of addresses) {
    const { hostname, port } = splitAddress(address);
    try {
      servers.push(Deno.serve(
        {
          hostname,
          port,
          onListen: () => {},
          onError: (error) => {
            log.error("HTTP handler failed", { err: error instanceof Error ? error.message : String(error) });
            return new Response("internal error\n", { status: 500 });
          },
        },
        (request, info) =>
          handler(request, { remoteAddress: `${info.remoteAddr.hostname}:${info.remoteAddr.port}` }),
      ));
    } catch (error) {
      for (const server of servers) void server.shutdown();
      const reason = error instanceof Deno.errors.AddrInUse ? "address already in use" : String(error);
      throw new UserError("unavailable", `listen tcp ${address}: ${reason}`, { cause: error });
    }
  }
  return {
    addresses: servers.map(({ addr }) =>
      `${addr.hostname.includes(":") ? `[${addr.hostname}]` : addr.hostname}:${addr.port}`
    ),
    close: async () => {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}

function splitAddress(address: string): { readonly hostname: string; readonly port: number } {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { hostname: host === "" ? "0.0.0.0" : host, port: Number(address.slice(colon + 1)) };
}
