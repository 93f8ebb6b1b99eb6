import assert from "node:assert/strict";
import type { HttpOutcome } from "../../lib/core/ports.ts";
import { against, clients, OK, once, reasonOf, request, textOf, write } from "./scrape_fixtures.ts";
import { certificate } from "./certificate.ts";

const exporter = ["/usr/bin/prometheus-node-exporter", "/usr/local/bin/prometheus-node-exporter"].find(
  (path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  },
);
const isRequired = Deno.env.get("NARTHEX_REQUIRE_PEERS") === "1";

Deno.test({
  name: `a real node_exporter is scraped${
    exporter === undefined ? " (skipped: prometheus-node-exporter is not installed)" : ""
  }`,
  ignore: exporter === undefined && !isRequired,
  async fn() {
    assert.ok(exporter !== undefined, "prometheus-node-exporter is required and not installed");
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const args = [`--web.listen-address=127.0.0.1:${port}`];
    const child = new Deno.Command(exporter, { args, stdout: "null", stderr: "null" }).spawn();
    try {
      const client = clients.open();
      const get = request(`http://127.0.0.1:${port}/metrics`, { headers: [["Accept-Encoding", "gzip"]] });
      let outcome: HttpOutcome = { kind: "timedOut" };
      for (let attempt = 0; attempt < 200 && outcome.kind !== "response"; attempt++) {
        outcome = await client.get(get, new AbortController().signal);
        if (outcome.kind !== "response") await new Promise((resolve) => setTimeout(resolve, 25));
      }
      assert.match(textOf(outcome), /^node_cpu_seconds_total\{/m);
      client.close();
    } finally {
      child.kill();
      await child.status;
    }
  },
});

const pair = certificate();

Deno.test({
  name: `TLS: verification, its absence and another server name${
    pair === undefined ? " (skipped: no openssl)" : ""
  }`,
  ignore: pair === undefined,
  // Deno's node:https keeps a socket of a closed agent a moment longer than the test.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const { cert, key } = pair!;
    const text = "up 1\n".repeat(20_000);
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
      ({ url, headers }) => {
        const { pathname } = new URL(url);
        if (pathname === "/hang") return new Promise<Response>(() => {});
        if (pathname === "/who") return new Response(headers.get("x-own") ?? "nobody");
        return new Response(text, { headers: { "content-type": "text/plain" } });
      },
    );
    const url = `https://127.0.0.1:${server.addr.port}`;
    const insecure = { insecureSkipVerify: true };
    const named = { insecureSkipVerify: false, caPem: cert, serverName: "scrape.test" };
    try {
      assert.match(reasonOf(await once(request(url))), /: tls: failed to verify certificate: /);
      for (const tls of [insecure, named]) {
        for (const encoding of ["gzip", "identity"]) {
          assert.equal(
            textOf(await once(request(url, { tls, headers: [["Accept-Encoding", encoding]] }))),
            text,
          );
        }
      }
      assert.equal(
        textOf(await once(request(url + "/who", { tls: insecure, headers: [["X-Own", "me"]] }))),
        "me",
      );
      assert.equal((await once(request(url, { tls: insecure, bodyBytesMax: 1000 }))).kind, "tooLarge");
      assert.equal((await once(request(url + "/hang", { tls: insecure, timeoutMs: 80 }))).kind, "timedOut");
      const wrong = { insecureSkipVerify: false, caPem: cert, serverName: "other.test" };
      assert.match(reasonOf(await once(request(url, { tls: wrong }))), /failed to verify certificate/);
    } finally {
      // The hanging answer would keep an orderly shutdown waiting.
      void server.shutdown();
    }
  },
});

Deno.test("a proxy carries the scrape, and a dead one is told", async () => {
  await against((conn) => write(conn, `${OK}Content-Length: 2\r\n\r\nok`), async (proxy) => {
    const proxyUrl = new URL(proxy.url).origin;
    assert.equal(textOf(await once(request("http://target.test:9100/metrics", { proxyUrl }))), "ok");
    assert.match(proxy.requests[0]!, /^GET http:\/\/target\.test:9100\/metrics HTTP\/1\.1\r\n/);
    assert.equal(
      (await once(request("http://target.test/", { proxyUrl, bodyBytesMax: 1 }))).kind,
      "tooLarge",
    );
  });
  const dead = await once(request("http://target.test/", { proxyUrl: "http://127.0.0.1:1" }));
  assert.match(reasonOf(dead), /connection refused/);
});
