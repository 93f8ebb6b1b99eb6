/** Real processes for the tests: Narthex itself and its Debian peers, on free loopback ports, ended by pid. */

const ROOT = new URL("../..", import.meta.url).pathname;
/** A slow machine with cold caches; a healthy one needs a second. */
const READY_TIMEOUT_MS = 60_000;

export interface Started {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What it wrote to standard error so far. */
  log(): string;
  kill(signal: Deno.Signal): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** Whether a peer is there; throws where the environment says that it must be. */
export function hasPeer(name: string): boolean {
  const found = (Deno.env.get("PATH") ?? "").split(":").some((directory) => {
    try {
      return Deno.statSync(`${directory}/${name}`).isFile;
    } catch {
      return false;
    }
  });
  if (!found && Deno.env.get("NARTHEX_REQUIRE_PEERS") === "1") throw new Error(`${name} is not installed`);
  return found;
}

export interface NarthexOptions {
  readonly dataPath: string;
  readonly configPath?: string;
  readonly port?: number;
  readonly flags?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startNarthex(options: NarthexOptions): Promise<Started> {
  const port = options.port ?? freePort();
  const args = [
    "run",
    "-A",
    "--no-check",
    `--config=${ROOT}deno.json`,
    `${ROOT}main.ts`,
    `--web.listen-address=127.0.0.1:${port}`,
    `--storage.tsdb.path=${options.dataPath}`,
    ...(options.configPath === undefined ? [] : [`--config.file=${options.configPath}`]),
    ...(options.flags ?? []),
  ];
  const started = start(Deno.execPath(), args, port, options.cwd, options.env);
  await untilReady(started, "/-/ready");
  return started;
}

export async function startPrometheus(
  options: { readonly dataPath: string; readonly configPath: string; readonly flags?: readonly string[] },
): Promise<Started> {
  const port = freePort();
  const started = start("prometheus", [
    `--web.listen-address=127.0.0.1:${port}`,
    `--storage.tsdb.path=${options.dataPath}`,
    `--config.file=${options.configPath}`,
    ...(options.flags ?? []),
  ], port);
  await untilReady(started, "/-/ready");
  return started;
}

export async function startNodeExporter(): Promise<Started> {
  const port = freePort();
  const started = start("prometheus-node-exporter", [`--web.listen-address=127.0.0.1:${port}`], port);
  await untilReady(started, "/metrics");
  return started;
}

/** Built from crates.io, which takes a quarter of an hour: no part of an installation of the peers. */
function denokvPath(): string | undefined {
  const named = Deno.env.get("DENOKV");
  const directories = [`${Deno.env.get("HOME")}/.cargo/bin`, ...(Deno.env.get("PATH") ?? "").split(":")];
  return [...named === undefined ? [] : [named], ...directories.map((path) => `${path}/denokv`)].find(
    (path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    },
  );
}

/** Undefined where there is no denokv. */
export async function startDenokv(
  options: { readonly sqlitePath: string; readonly port: number; readonly token?: string },
): Promise<Started & { readonly token: string } | undefined> {
  const path = denokvPath();
  if (path === undefined) return undefined;
  const token = options.token ?? crypto.randomUUID();
  const addr = `127.0.0.1:${options.port}`;
  const args = ["--sqlite-path", options.sqlitePath, "serve", "--addr", addr, "--access-token", token];
  const started = start(path, args, options.port);
  await eventually(
    "denokv listens",
    () => Promise.resolve(started.log()),
    (log) => log.includes("Listening on"),
  );
  return { ...started, token };
}

function start(
  command: string,
  args: readonly string[],
  port: number,
  cwd?: string,
  env?: Readonly<Record<string, string>>,
): Started {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env: { ...env } }),
  }).spawn();
  let log = "";
  const reading = child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (text) => void (log = (log + text).slice(-200_000)) }),
  );
  let ended = false;
  void child.status.then(() => ended = true);
  const kill = async (signal: Deno.Signal) => {
    if (!ended) child.kill(signal);
    await child.status;
    await reading;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid,
    log: () => log + (ended ? "\n(the process has ended)" : ""),
    kill,
    [Symbol.asyncDispose]: () => kill("SIGKILL"),
  };
}

async function untilReady(started: Started, path: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      const response = await fetch(started.url + path);
      await response.body?.cancel();
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    if (Date.now() > deadline || started.log().endsWith("(the process has ended)")) {
      const log = started.log();
      await started.kill("SIGKILL");
      throw new Error(`not ready in ${READY_TIMEOUT_MS} ms: ${log}`);
    }
    await pause(50);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks again until `check` accepts the answer, or fails with the last one. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  check: (answer: T) => boolean,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (check(answer)) return answer;
    if (Date.now() > deadline) {
      throw new Error(`${what}: not in ${timeoutMs} ms, last answer ${JSON.stringify(answer)}`);
    }
    await pause(200);
  }
}

export interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** The result of an instant query, or an error with the server's own message. */
export async function query(
  server: { readonly url: string },
  expr: string,
  timeS?: number,
): Promise<readonly ApiSeries[]> {
  const params = new URLSearchParams({
    query: expr,
    ...(timeS === undefined ? {} : { time: String(timeS) }),
  });
  const response = await fetch(`${server.url}/api/v1/query?${params}`);
  const answer = await response.json();
  if (answer.status !== "success") throw new Error(`${expr}: ${answer.error}`);
  return answer.data.resultType === "scalar"
    ? [{ metric: {}, value: answer.data.result }]
    : answer.data.result;
}
