import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { gunzipWithin } from "../../lib/sys/scrape_gunzip.ts";
import {
  LARGE_BODIES_BYTES_MAX,
  LargeBodyShare,
  NoRoom,
  ORDINARY_BODY_BYTES,
} from "../../lib/sys/scrape_large_bodies.ts";
import {
  against,
  decoder,
  OK,
  once,
  rawServer,
  reasonOf,
  request,
  textOf,
  write,
} from "./scrape_fixtures.ts";

const MIB = 1024 * 1024;

Deno.test("bodies of ordinary size take nothing from the share, larger ones what they hold", () => {
  const ordinary = new LargeBodyShare();
  const large = new LargeBodyShare();
  const other = new LargeBodyShare();
  large.grow(LARGE_BODIES_BYTES_MAX);
  ordinary.grow(ORDINARY_BODY_BYTES);
  assert.throws(() => other.grow(ORDINARY_BODY_BYTES + 1), NoRoom);
  large.grow(ORDINARY_BODY_BYTES + 1);
  assert.throws(() => other.grow(ORDINARY_BODY_BYTES + 1), NoRoom, "a body never shrinks");
  large.release();
  other.grow(LARGE_BODIES_BYTES_MAX);
  other.release();
});

Deno.test("a body that announces much and hangs keeps others from being large, and from nothing else", async () => {
  const answers = new Map([
    ["/hangs", `Content-Length: ${250 * MIB}\r\n\r\nx`],
    ["/large", `Content-Length: ${100 * MIB}\r\n\r\nx`],
    ["/small", "Content-Length: 5\r\n\r\nup 1\n"],
  ]);
  const server = rawServer(async (conn) => {
    const path = server.requests.at(-1)!.split(" ")[1]!;
    await conn.write(new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${answers.get(path)}`));
  });
  try {
    const root = server.url.replace(/\/[^/]*$/, "");
    const hanging = once(request(`${root}/hangs`, { timeoutMs: 400 }));
    await once(request(`${root}/small`));
    const large = await once(request(`${root}/large`, { timeoutMs: 200 }));
    assert.match(reasonOf(large), /no room for a body of more than 16777216 bytes/);
    assert.equal(textOf(await once(request(`${root}/small`))), "up 1\n");
    assert.equal((await hanging).kind, "timedOut");
    assert.equal((await once(request(`${root}/large`, { timeoutMs: 100 }))).kind, "timedOut", "room again");
  } finally {
    await server.stop();
  }
});

Deno.test("large bodies of unknown length arrive whole, by chunks and by the connection's end", async () => {
  const body = new Uint8Array(9 * MIB + 12_345);
  for (let i = 0; i < body.length; i++) body[i] = 97 + (i * 7919 >>> 8) % 26;
  const text = decoder.decode(body);
  const sizes = [1, 70_000, 3 * MIB, 5 * MIB];
  const byChunks = async (conn: Deno.TcpConn) => {
    await write(conn, `${OK}Transfer-Encoding: chunked\r\n\r\n`);
    for (let at = 0, i = 0; at < body.length; i++) {
      const part = body.subarray(at, at + sizes[i % sizes.length]!);
      await write(conn, `${part.length.toString(16)}\r\n`);
      await write(conn, part);
      await write(conn, "\r\n");
      at += part.length;
    }
    await write(conn, "0\r\n\r\n");
  };
  const byEnd = async (conn: Deno.TcpConn) => {
    await write(conn, `${OK}\r\n`);
    await write(conn, body);
    conn.close();
  };
  for (const answer of [byChunks, byEnd]) {
    await against(answer, async (server) => {
      const outcome = await once(request(server.url));
      assert(outcome.kind === "response");
      assert.equal(decoder.decode(outcome.body) === text, true, "byte by byte");
      assert.equal((await once(request(server.url, { bodyBytesMax: body.length - 1 }))).kind, "tooLarge");
    });
  }
});

Deno.test("gzip whose trailer says too little is still undone, within the limit", async () => {
  const members = [gzipSync(new Uint8Array(20 * MIB).fill(10)), gzipSync("up 1\n")];
  const both = new Uint8Array(members[0]!.length + members[1]!.length);
  both.set(members[0]!);
  both.set(members[1]!, members[0]!.length);
  const whole = await gunzipWithin(both, 64 * MIB);
  assert.equal(whole.kind === "body" ? whole.body.length : whole.kind, 20 * MIB + 5);
  assert.deepEqual(await gunzipWithin(both, 20 * MIB), { kind: "tooLarge" });
  const share = new LargeBodyShare();
  share.grow(LARGE_BODIES_BYTES_MAX);
  const crowded = await gunzipWithin(members[0]!, 64 * MIB);
  share.release();
  assert.equal(crowded.kind === "broken" ? crowded.reason.slice(0, 7) : crowded.kind, "no room");
});
