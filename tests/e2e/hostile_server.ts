/**
 * Targets that do what no target should, over raw connections, since an HTTP library would not let them. Each path
 * is one kind of misbehaviour; `good` is the one that must not notice.
 */
import { createGzip } from "node:zlib";

export const HUGE_BYTES = 2 * 1024 ** 3;
/** New series of each turn of one target. */
export const CHURN_SERIES = 60_000;
/** Beyond what any body may be; a third of a megabyte as it travels. */
const BOMB_BYTES = 320 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;

const encoder = new TextEncoder();

export interface HostileServer {
  readonly port: number;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Visit {
  readonly conn: Deno.TcpConn;
  /** From 1, of this path. */
  readonly turn: number;
}

type Manner = (visit: Visit) => Promise<void>;

export async function startHostileServer(): Promise<HostileServer> {
  const bomb = await gzipBomb();
  const manners = mannersWith(bomb);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const turns = new Map<string, number>();
  const accepting = (async () => {
    for await (const conn of listener) {
      open.add(conn);
      void attend(conn, manners, turns).finally(() => {
        open.delete(conn);
        close(conn);
      });
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) close(conn);
      await accepting;
    },
  };
}

async function attend(
  conn: Deno.TcpConn,
  manners: Readonly<Record<string, Manner>>,
  turns: Map<string, number>,
): Promise<void> {
  try {
    for (;;) {
      const path = await readRequest(conn);
      if (path === undefined) return;
      const turn = (turns.get(path) ?? 0) + 1;
      turns.set(path, turn);
      const manner = manners[path.split("/")[1]!];
      if (manner === undefined) return;
      await manner({ conn, turn });
    }
  } catch (error) {
    // The scraper has hung up, which is what most of these deserve.
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
  }
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

async function readRequest(conn: Deno.TcpConn): Promise<string | undefined> {
  const buffer = new Uint8Array(16 * 1024);
  let end = 0;
  while (end < buffer.length) {
    const count = await conn.read(buffer.subarray(end));
    if (count === null) return undefined;
    end += count;
    const text = new TextDecoder().decode(buffer.subarray(0, end));
    if (text.includes("\r\n\r\n")) return text.split(" ")[1];
  }
  return undefined;
}

function mannersWith(bomb: Uint8Array): Readonly<Record<string, Manner>> {
  const lines = encoder.encode(Array.from({ length: 2_000 }, (_, i) => `endless{i="${i}"} ${i}\n`).join(""));
  return {
    good: ({ conn, turn }) => answer(conn, `turn ${turn}\n`),
    hangs: ({ conn }) => untilClosed(conn),
    hangsMidBody: async ({ conn }) => {
      await write(conn, head({ "content-length": "1000" }) + "half 1\n");
      await untilClosed(conn);
    },
    streams: async ({ conn }) => {
      await write(conn, head({ "transfer-encoding": "chunked" }));
      for (;;) await writeChunk(conn, lines);
    },
    drips: async ({ conn }) => {
      await write(conn, head({}));
      for (let i = 0;; i++) {
        await write(conn, `drip{i="${i}"} 1\n`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    headers: async ({ conn }) => {
      await write(conn, "HTTP/1.1 200 OK\r\n");
      for (let i = 0;; i++) await write(conn, `x-header-${i}: ${"y".repeat(200)}\r\n`);
    },
    garbage: ({ conn, turn }) => answer(conn, noise(turn)),
    garbageHttp: ({ conn, turn }) => writeAll(conn, noise(turn)).then(() => close(conn)),
    huge: async ({ conn }) => {
      await write(conn, head({ "content-length": String(HUGE_BYTES) }));
      await pour(conn, lines);
    },
    hugeChunked: async ({ conn }) => {
      await write(conn, head({ "transfer-encoding": "chunked" }));
      for (let sent = 0; sent < HUGE_BYTES; sent += lines.length) await writeChunk(conn, lines);
      await write(conn, "0\r\n\r\n");
    },
    hugeUnannounced: async ({ conn }) => {
      await write(conn, head({}));
      await pour(conn, lines);
      close(conn);
    },
    hugeLine: async ({ conn }) => {
      const line = new Uint8Array(8 * 1024 * 1024).fill(97);
      await write(conn, head({ "content-length": String(line.length) }));
      await writeAll(conn, line);
    },
    utf8: ({ conn }) => {
      const body = encoder.encode('fine 1\nwrong{label="?"} 1\n');
      body[body.indexOf(63)] = 0xff;
      return answer(conn, body);
    },
    duplicates: ({ conn, turn }) => answer(conn, `twice{a="b"} ${turn}\nonce 1\ntwice{a="b"} -1\n`),
    closes: async ({ conn }) => {
      await write(conn, head({ "content-length": "1000" }) + "half 1\n");
      close(conn);
    },
    closesInChunk: async ({ conn }) => {
      await write(conn, head({ "transfer-encoding": "chunked" }) + "ff\r\nhalf 1\n");
      close(conn);
    },
    closesAtOnce: ({ conn }) => Promise.resolve(close(conn)),
    fails: async ({ conn }) => {
      const body = "up the creek 1\n";
      await write(
        conn,
        `HTTP/1.1 500 Internal Server Error\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    },
    json: async ({ conn }) => {
      const body = '{"status":"fine"}';
      await write(
        conn,
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    },
    redirects: ({ conn }) =>
      write(conn, "HTTP/1.1 302 Found\r\nlocation: /redirects\r\ncontent-length: 0\r\n\r\n"),
    many: ({ conn }) => answer(conn, Array.from({ length: 200 }, (_, i) => `many{i="${i}"} 1\n`).join("")),
    churns: ({ conn, turn }) => answer(conn, churn(turn)),
    labels: ({ conn }) => answer(conn, 'wide{a="1",b="2",c="3",d="4",e="5",f="6"} 1\n'),
    bomb: async ({ conn }) => {
      await write(conn, head({ "content-encoding": "gzip", "content-length": String(bomb.length) }));
      await writeAll(conn, bomb);
    },
    brokenGzip: async ({ conn }) => {
      await write(conn, head({ "content-encoding": "gzip", "content-length": "1000" }));
      await writeAll(conn, bomb.subarray(0, 1000));
    },
  };
}

/** Every series is new, and none comes again. */
function churn(turn: number): string {
  return Array.from({ length: CHURN_SERIES }, (_, i) => `churn{turn="${turn}",i="${turn}_${i}"} ${i}\n`).join(
    "",
  );
}

function head(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\n${lines.join("")}\r\n`;
}

async function answer(conn: Deno.TcpConn, body: string | Uint8Array): Promise<void> {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  await write(conn, head({ "content-length": String(bytes.length) }));
  await writeAll(conn, bytes);
}

function write(conn: Deno.TcpConn, text: string): Promise<void> {
  return writeAll(conn, encoder.encode(text));
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at, at + PIECE_BYTES));
}

async function writeChunk(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  await write(conn, `${bytes.length.toString(16)}\r\n`);
  await writeAll(conn, bytes);
  await write(conn, "\r\n");
}

async function pour(conn: Deno.TcpConn, lines: Uint8Array): Promise<void> {
  for (let sent = 0; sent < HUGE_BYTES; sent += lines.length) {
    await writeAll(conn, lines.subarray(0, Math.min(lines.length, HUGE_BYTES - sent)));
  }
}

async function untilClosed(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await conn.read(buffer) !== null);
}

/** Bytes without any order, the same for each seed. */
function noise(seed: number): Uint8Array {
  const bytes = new Uint8Array(5_000);
  let state = seed * 2654435761 >>> 0;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

async function gzipBomb(): Promise<Uint8Array> {
  const zeros = new Uint8Array(1024 * 1024);
  const gzip = createGzip({ level: 9 });
  const pieces: Uint8Array[] = [];
  gzip.on("data", (piece: Uint8Array) => pieces.push(piece));
  const ended = new Promise((resolve) => gzip.on("end", resolve));
  for (let fed = 0; fed < BOMB_BYTES; fed += zeros.length) {
    await new Promise((resolve) => gzip.write(zeros, resolve));
  }
  gzip.end();
  await ended;
  return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
