import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { against, clients, encoder, OK, once, reasonOf, request, textOf, write } from "./scrape_fixtures.ts";

Deno.test("a client keeps its connection between scrapes and sends what it is asked to", async () => {
  await against((conn) => write(conn, `${OK}Content-Length: 4\r\n\r\nup 1`), async (server) => {
    const client = clients.open();
    const get = request(server.url + "?a=b%20c", { headers: [["X-Own", "Grüße"], ["Accept", "*/*"]] });
    for (let i = 0; i < 5; i++) {
      const outcome = await client.get(get, new AbortController().signal);
      assert.equal(textOf(outcome), "up 1");
      assert.ok(outcome.kind === "response" && outcome.contentType === "text/plain; version=0.0.4");
      assert.ok(outcome.kind === "response" && outcome.status === 200 && outcome.statusText === "OK");
    }
    client.close();
    assert.equal(server.connections(), 1);
    const host = new URL(server.url).host;
    assert.equal(
      server.requests[0],
      `GET /metrics?a=b%20c HTTP/1.1\r\nHost: ${host}\r\nX-Own: Grüße\r\nAccept: */*\r\n\r\n`,
    );
  });
});

Deno.test("a kept connection that the target closed is opened anew once", async () => {
  await against(async (conn) => {
    await write(conn, `${OK}Content-Length: 1\r\n\r\n1`);
    conn.close();
  }, async (server) => {
    const client = clients.open();
    for (let i = 0; i < 3; i++) {
      assert.equal(textOf(await client.get(request(server.url), new AbortController().signal)), "1");
    }
    client.close();
    assert.equal(server.connections(), 3);
  });
});

Deno.test("bodies by length, by chunks and by the connection's end arrive whole", async () => {
  const long = 'metric_with_a_name{a="b"} 123\n'.repeat(10_000);
  const chunked = [long.slice(0, 5), long.slice(5, 70_000), long.slice(70_000)]
    .map((part) => `${part.length.toString(16)};ext=1\r\n${part}\r\n`).join("");
  for (
    const answer of [
      `${OK}Content-Length: ${long.length}\r\n\r\n${long}`,
      `${OK}Transfer-Encoding: chunked\r\n\r\n${chunked}0\r\nTrailer: x\r\n\r\n`,
      `HTTP/1.0 200 OK\r\n\r\n${long}`,
      `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}Content-Length: ${long.length}\r\n\r\n${long}`,
    ]
  ) await against(answer, async (server) => assert.equal(textOf(await once(request(server.url))), long));
});

Deno.test("a body in tiny pieces is put together", async () => {
  const answer = `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`;
  await against(async (conn) => {
    for (const char of answer) await write(conn, char);
  }, async (server) => {
    const client = clients.open();
    for (let i = 0; i < 2; i++) {
      assert.equal(textOf(await client.get(request(server.url), new AbortController().signal)), "abcde");
    }
    client.close();
    assert.equal(server.connections(), 1);
  });
});

Deno.test("gzip is undone, small and large", async () => {
  for (const text of ["up 1\n", Array.from({ length: 60_000 }, (_, i) => `m${i * 7919} ${i}\n`).join("")]) {
    const zipped = gzipSync(text);
    const head = encoder.encode(`${OK}Content-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`);
    await against(async (conn) => {
      await write(conn, head);
      await write(conn, zipped);
    }, async (server) => assert.equal(textOf(await once(request(server.url))), text));
  }
});

Deno.test("the body limit counts bytes after decompression and stops a gzip bomb", async () => {
  for (const zipped of [gzipSync(new Uint8Array(5_000_000)), gzipSync(new Uint8Array(60_000_000))]) {
    await against(async (conn) => {
      await write(conn, `${OK}Content-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`);
      await write(conn, zipped);
    }, async (server) => {
      const outcome = await once(request(server.url, { bodyBytesMax: 1_000_000 }));
      assert.deepEqual(outcome, { kind: "tooLarge", bytesMax: 1_000_000 });
    });
  }
});

Deno.test("a body over the limit is cut, however it is sent", async () => {
  const chunk = "400\r\n" + "x".repeat(1024) + "\r\n";
  async function endless(conn: Deno.TcpConn, head: string, piece: string): Promise<void> {
    await write(conn, head);
    for (;;) await write(conn, piece);
  }
  const answers: ((conn: Deno.TcpConn) => Promise<void>)[] = [
    (conn) => write(conn, `${OK}Content-Length: 9999999999\r\n\r\n`),
    (conn) => endless(conn, `${OK}Transfer-Encoding: chunked\r\n\r\n`, chunk),
    (conn) => endless(conn, `${OK}\r\n`, "y".repeat(4096)),
  ];
  for (const answer of answers) {
    await against(answer, async (server) => {
      assert.equal((await once(request(server.url, { bodyBytesMax: 100_000 }))).kind, "tooLarge");
    });
  }
  await against(`${OK}Content-Length: 3\r\n\r\nabc`, async (server) => {
    assert.equal(textOf(await once(request(server.url, { bodyBytesMax: 3 }))), "abc");
  });
});

Deno.test("each kind of bad answer has its own reason", async () => {
  const cases: [string, RegExp][] = [
    ["", /: EOF$/],
    ["garbage\r\n\r\n", /malformed HTTP response "garbage"$/],
    ["SSH-2.0-OpenSSH_9.2\r\n", /malformed HTTP response "SSH-2.0-OpenSSH_9.2"$/],
    ["HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", /malformed MIME header line: "no colon here"$/],
    [`${OK}Content-Length: 10\r\n\r\nabc`, /: unexpected EOF$/],
    [`${OK}Content-Length: ten\r\n\r\nabc`, /bad Content-Length "ten"$/],
    [`${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nabc`, /multiple Content-Length headers$/],
    [`${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, /invalid chunk size line "zz"$/],
    [`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nabc`, /: unexpected EOF$/],
    [
      `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n`,
      /(malformed chunked encoding|a line of more than 2 bytes)$/,
    ],
    [
      `${OK}X-Long: ${"x".repeat(70_000)}\r\n\r\n`,
      /(server response headers exceeded 65536 bytes; aborted|a line of more than 65536 bytes)$/,
    ],
    [`${OK}Content-Encoding: br\r\nContent-Length: 1\r\n\r\na`, /unsupported Content-Encoding "br"$/],
    [`${OK}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde`, /gzip: incorrect header check$/],
  ];
  for (const [answer, expected] of cases) {
    await against(answer, async (server) => {
      const reason = reasonOf(await once(request(server.url)));
      assert.ok(reason.startsWith(`Get "${server.url}": `), reason);
      assert.match(reason, expected);
    });
  }
});

Deno.test("a truncated gzip body is an unexpected EOF", async () => {
  const zipped = gzipSync("up 1\n".repeat(1000)).subarray(0, 20);
  await against(async (conn) => {
    await write(conn, `${OK}Content-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`);
    await write(conn, zipped);
  }, async (server) => assert.match(reasonOf(await once(request(server.url))), /: unexpected EOF$/));
});

Deno.test("a refused connection and an unknown host are told as Prometheus tells them", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const url = `http://127.0.0.1:${port}/metrics`;
  assert.equal(
    reasonOf(await once(request(url))),
    `Get "${url}": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  );
  assert.match(reasonOf(await once(request("ftp://127.0.0.1/x"))), /unsupported protocol scheme "ftp"$/);
  assert.match(reasonOf(await once(request("no url"))), /not an absolute URL$/);
});

Deno.test("a target that hangs before, in or between its bytes times out", async () => {
  const starts = [
    "",
    "HTTP/1.1 200",
    `${OK}Content-Length: 100\r\n\r\nhalf`,
    `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nab`,
  ];
  for (const start of starts) {
    await against((conn) => start === "" ? undefined : write(conn, start), async (server) => {
      assert.deepEqual(await once(request(server.url, { timeoutMs: 60 })), { kind: "timedOut" });
    });
  }
});

Deno.test("a client works on after a time-out", async () => {
  await against(
    (conn, count) => count === 0 ? undefined : write(conn, `${OK}Content-Length: 2\r\n\r\nok`),
    async (server) => {
      const client = clients.open();
      const never = new AbortController().signal;
      assert.equal((await client.get(request(server.url, { timeoutMs: 40 }), never)).kind, "timedOut");
      assert.equal(textOf(await client.get(request(server.url), never)), "ok");
      client.close();
    },
  );
});

Deno.test("the caller's signal ends a scrape at once", async () => {
  await against(() => {}, async (server) => {
    const controller = new AbortController();
    const pending = once(request(server.url), controller.signal);
    queueMicrotask(() => controller.abort());
    assert.match(reasonOf(await pending), /: context canceled$/);
  });
  const aborted = AbortSignal.abort();
  assert.match(reasonOf(await once(request("http://127.0.0.1:1/"), aborted)), /context canceled$/);
});

Deno.test("a status other than 200 is an answer and not a failure", async () => {
  await against(`HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops`, async (server) => {
    const outcome = await once(request(server.url));
    assert.ok(outcome.kind === "response" && outcome.status === 500);
    assert.ok(outcome.kind === "response" && outcome.statusText === "Internal Server Error");
  });
  await against(
    "HTTP/1.1 204 No Content\r\n\r\n",
    async (server) => assert.equal(textOf(await once(request(server.url))), ""),
  );
});

Deno.test("redirects are followed, or not, and end after ten", async () => {
  await against((conn, count) =>
    write(
      conn,
      count === 0
        ? "HTTP/1.1 302 Found\r\nLocation: /other?x=1\r\nContent-Length: 3\r\n\r\nbye"
        : `${OK}Content-Length: 2\r\n\r\nok`,
    ), async (server) => {
    assert.equal(textOf(await once(request(server.url, { headers: [["Authorization", "Bearer t"]] }))), "ok");
    assert.match(server.requests[1]!, /^GET \/other\?x=1 /);
    assert.match(server.requests[1]!, /Authorization: Bearer t/);
    assert.equal(server.connections(), 1);
  });
  await against("HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", async (server) => {
    const kept = await once(request(server.url, { followRedirects: false }));
    assert.ok(kept.kind === "response" && kept.status === 301);
    assert.match(reasonOf(await once(request(server.url))), /stopped after 10 redirects$/);
  });
});

Deno.test("credentials and own headers stay behind when a redirect leaves the host", async () => {
  await against((conn) => write(conn, `${OK}Content-Length: 2\r\n\r\nok`), async (stranger) => {
    const answer =
      `HTTP/1.1 307 Temporary Redirect\r\nLocation: ${stranger.url}\r\nContent-Length: 0\r\n\r\n`;
    await against((conn) => write(conn, answer), async (server) => {
      const headers = [["Authorization", "Bearer secret"], ["X-Api-Key", "secret"], [
        "Accept",
        "*/*",
      ]] as const;
      assert.equal(textOf(await once(request(server.url, { headers }))), "ok");
      assert.match(server.requests[0]!, /X-Api-Key: secret/);
      assert.doesNotMatch(stranger.requests[0]!, /secret/);
      assert.match(stranger.requests[0]!, /Accept: \*\/\*/);
    });
  });
});

Deno.test("a header cannot carry a second header", async () => {
  await against(`${OK}Content-Length: 0\r\n\r\n`, async (server) => {
    for (const header of [["X-A", "a\r\nX-B: b"], ["X-A\r\nX-B", "b"], ["X-A", "a\0"], ["", "a"]] as const) {
      const reason = reasonOf(await once(request(server.url, { headers: [header] })));
      assert.match(reason, /invalid header field (name|value)/);
    }
    assert.equal(server.connections(), 0);
  });
});

Deno.test("user and password of a URL become basic authentication and are not shown", async () => {
  await against("nonsense\r\n", async (server) => {
    const url = server.url.replace("http://", "http://me:p%40ss@");
    const reason = reasonOf(await once(request(url)));
    assert.ok(!reason.includes("p%40ss"), reason);
    assert.match(server.requests[0]!, /Authorization: Basic bWU6cEBzcw==\r\n/);
  });
});

Deno.test("Deno's own server, kept alive, with gzip where it likes", async () => {
  const text = "metric 1\n".repeat(5000);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    return new Response(text, { headers: { "content-type": "text/plain" } });
  });
  try {
    const client = clients.open();
    const url = `http://127.0.0.1:${server.addr.port}/metrics`;
    for (const encoding of ["gzip", "identity"]) {
      const get = request(url, { headers: [["Accept-Encoding", encoding]] });
      assert.equal(textOf(await client.get(get, new AbortController().signal)), text);
    }
    client.close();
  } finally {
    await server.shutdown();
  }
});
