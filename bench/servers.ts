/** The servers that stand side by side: how each is started, and on which data. */
import { pause } from "./measure.ts";

export interface Server {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly dataPath: string;
  stop(): Promise<void>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

export interface LaunchOptions {
  readonly directory: string;
  readonly configPath: string;
  /** Default: the server's own. */
  readonly retentionDays?: number;
}

export type Launch = (options: LaunchOptions) => Promise<Server>;

const ROOT = new URL("..", import.meta.url).pathname;
const READY_TIMEOUT_MS = 120_000;

export const launchNarthex: Launch = ({ directory, configPath, retentionDays }) =>
  launch("narthex", `${directory}/narthex`, (port, dataPath) => [Deno.execPath(), [
    "run",
    "-A",
    "--no-check",
    `${ROOT}main.ts`,
    `--config.file=${configPath}`,
    `--storage.tsdb.path=${dataPath}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--web.enable-remote-write-receiver",
    ...retention("--storage.tsdb.retention.time=", retentionDays),
  ]]);

export const launchPrometheus: Launch = ({ directory, configPath, retentionDays }) =>
  launch("prometheus", `${directory}/prometheus`, (port, dataPath) => ["prometheus", [
    `--config.file=${configPath}`,
    `--storage.tsdb.path=${dataPath}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--web.enable-remote-write-receiver",
    ...retention("--storage.tsdb.retention.time=", retentionDays),
  ]]);

/** It takes no scrape configuration here, and answers without its cache of results. */
export const launchVictoriaMetrics: Launch = ({ directory, retentionDays }) =>
  launch("victoria-metrics", `${directory}/victoria-metrics`, (port, dataPath) => ["victoria-metrics", [
    `-storageDataPath=${dataPath}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    "-search.disableCache",
    ...retention("-retentionPeriod=", retentionDays),
  ]]);

function retention(flag: string, days: number | undefined): readonly string[] {
  return days === undefined ? [] : [`${flag}${days}d`];
}

async function launch(
  name: string,
  dataPath: string,
  commandOf: (port: number, dataPath: string) => readonly [command: string, args: string[]],
): Promise<Server> {
  const port = freePort();
  const [command, args] = commandOf(port, dataPath);
  const log = await Deno.open(`${dataPath}.log`, { create: true, append: true });
  const child = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const logging = child.stderr.pipeTo(log.writable);
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const ready = await fetch(`${url}/-/ready`).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (ready) break;
    if (Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`${name} is not ready, see ${dataPath}.log`);
    }
    await pause(0.02);
  }
  const end = async (signal: Deno.Signal) => {
    child.kill(signal);
    await child.status;
    await logging;
  };
  return { name, url, pid: child.pid, dataPath, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
