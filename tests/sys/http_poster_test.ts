import assert from "node:assert/strict";
import { createPosters } from "../../lib/sys/http_poster.ts";
import { certificate } from "./certificate.ts";
import type { HttpOutcome, HttpPost } from "../../lib/core/ports.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

function post(url: string, more: Partial<HttpPost> = {}): HttpPost {
  return {
    url,
    headers: [["Content-Type", "application/json"], ["Authorization", "Bearer t"], ["X-Own", "1"]],
    body: new TextEncoder().encode('[{"a":"ä"}]'),
    timeoutMs: 5_000,
    followRedirects: true,
    ...more,
  };
}

async function against(
  answer: (request: Request, signal: AbortSignal) => Response | Promise<Response>,
  run: (server: { readonly url: string; readonly seen: readonly Seen[] }) => Promise<void>,
): Promise<void> {
  const seen: Seen[] = [];
  const ending = new AbortController();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.text();
    const { pathname } = new URL(request.url);
    seen.push({ method: request.method, path: pathname, headers: request.headers, body });
    return await answer(request, ending.signal);
  });
  try {
    await run({ url: `http://127.0.0.1:${server.addr.port}`, seen });
  } finally {
    ending.abort();
    await server.shutdown();
  }
}

async function once(request: HttpPost, signal = new AbortController().signal): Promise<HttpOutcome> {
  const poster = createPosters().open();
  try {
    return await poster.post(request, signal);
  } finally {
    poster.close();
  }
}

Deno.test("a body arrives as it is, with the headers that it was given", async () => {
  await against(() => new Response("fine", { status: 202 }), async ({ url, seen }) => {
    const poster = createPosters().open();
    for (let i = 0; i < 3; i++) {
      const outcome = await poster.post(post(`${url}/api/v2/alerts`), new AbortController().signal);
      assert(outcome.kind === "response");
      assert.equal(outcome.status, 202);
      assert.equal(new TextDecoder().decode(outcome.body), "fine");
    }
    poster.close();
    assert.equal(seen.length, 3);
    const [first] = seen;
    assert.equal(first!.method, "POST");
    assert.equal(first!.path, "/api/v2/alerts");
    assert.equal(first!.body, '[{"a":"ä"}]');
    assert.equal(first!.headers.get("authorization"), "Bearer t");
  });
});

Deno.test("307 and 308 send the body again, 302 fetches what it points to", async () => {
  for (
    const [status, method, body] of [[307, "POST", '[{"a":"ä"}]'], [308, "POST", '[{"a":"ä"}]'], [
      302,
      "GET",
      "",
    ]] as const
  ) {
    await against((request) => {
      if (new URL(request.url).pathname === "/new") return new Response("ok");
      return new Response(null, { status, headers: { location: "/new" } });
    }, async ({ url, seen }) => {
      const outcome = await once(post(`${url}/old`));
      assert(outcome.kind === "response" && outcome.status === 200, JSON.stringify(outcome));
      assert.deepEqual(seen.map((one) => one.path), ["/old", "/new"]);
      assert.equal(seen[1]!.method, method);
      assert.equal(seen[1]!.body, body);
      assert.equal(seen[1]!.headers.get("authorization"), "Bearer t", "the same host");
      const told = await once(post(`${url}/old`, { followRedirects: false }));
      assert(told.kind === "response" && told.status === status);
    });
  }
});

Deno.test("credentials do not follow a redirect to another host", async () => {
  await against(() => new Response("ok"), async (stranger) => {
    await against(
      () => new Response(null, { status: 307, headers: { location: `${stranger.url}/new` } }),
      async ({ url }) => {
        const outcome = await once(post(url));
        assert(outcome.kind === "response" && outcome.status === 200, JSON.stringify(outcome));
        assert.equal(stranger.seen[0]!.headers.get("authorization"), null);
        assert.equal(stranger.seen[0]!.headers.get("x-own"), null);
        assert.equal(stranger.seen[0]!.headers.get("content-type"), "application/json");
      },
    );
  });
});

Deno.test("a receiver that redirects for ever, hangs, is not there or has no address is a value, not an exception", async () => {
  await against(
    () => new Response(null, { status: 307, headers: { location: "/again" } }),
    async ({ url, seen }) => {
      const outcome = await once(post(url));
      assert(outcome.kind === "failed");
      assert.match(outcome.reason, /^Post "http:.*again": stopped after 10 redirects$/);
      assert.equal(seen.length, 11);
    },
  );
  await against(
    (_request, signal) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Response("late")))),
    async ({ url }) => {
      assert.deepEqual(await once(post(url, { timeoutMs: 50 })), { kind: "timedOut" });
      const canceled = await once(post(url), AbortSignal.timeout(50));
      assert.deepEqual(canceled, { kind: "failed", reason: `Post "${url}/": context canceled` });
    },
  );
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  assert.deepEqual(await once(post(`http://127.0.0.1:${port}/x`)), {
    kind: "failed",
    reason: `Post "http://127.0.0.1:${port}/x": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
  const nowhere = await once(post("nowhere"));
  assert.deepEqual(nowhere, { kind: "failed", reason: 'parse "nowhere": not an absolute URL' });
  const strange = await once(post("ftp://x/"));
  assert.deepEqual(strange, { kind: "failed", reason: 'Post "ftp://x/": unsupported protocol scheme "ftp"' });
});

const pair = certificate();

Deno.test({
  name: `a body goes over TLS, verified or not, as the configuration says${
    pair === undefined ? " (skipped: no openssl)" : ""
  }`,
  ignore: pair === undefined,
  // Deno's node:https keeps a socket of a closed agent a moment longer than the test.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const { cert, key } = pair!;
    const bodies: string[] = [];
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
      async (request) => {
        bodies.push(`${request.method} ${request.headers.get("x-own")} ${await request.text()}`);
        return new Response("ok");
      },
    );
    try {
      const url = `https://127.0.0.1:${server.addr.port}/`;
      const unknown = await once(post(url));
      assert(unknown.kind === "failed");
      assert.match(unknown.reason, /^Post "https:.*: tls: failed to verify certificate: /);
      for (
        const tls of [
          { insecureSkipVerify: true },
          { insecureSkipVerify: false, caPem: cert, serverName: "scrape.test" },
        ]
      ) {
        const outcome = await once(post(url, { tls }));
        assert(outcome.kind === "response" && outcome.status === 200, JSON.stringify(outcome));
      }
      assert.deepEqual(bodies, ['POST 1 [{"a":"ä"}]', 'POST 1 [{"a":"ä"}]']);
    } finally {
      await server.shutdown();
    }
  },
});
