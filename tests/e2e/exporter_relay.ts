/**
 * Stands between a real exporter and the servers that scrape it, and gives each of them the same body within one
 * slot of time, so that what two servers keep can be compared value by value.
 */
export interface ExporterRelay {
  readonly port: number;
  /** Bodies fetched so far, oldest first. */
  readonly bodies: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export function startRelay(exporterUrl: string, slotMs: number): ExporterRelay {
  const bodies: string[] = [];
  let slot = -1;
  let fetching: Promise<{ readonly body: string; readonly contentType: string }> | undefined;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    const now = Math.floor(Date.now() / slotMs);
    if (now !== slot || fetching === undefined) {
      slot = now;
      fetching = fetch(exporterUrl).then(async (response) => {
        const body = await response.text();
        bodies.push(body);
        return { body, contentType: response.headers.get("content-type") ?? "" };
      });
    }
    const { body, contentType } = await fetching;
    return new Response(body, { headers: { "content-type": contentType } });
  });
  return {
    port: server.addr.port,
    bodies,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
