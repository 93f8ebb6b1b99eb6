/**
 * The composition root of the server and the command line: the one place that fills the ports from Deno. Without a
 * subcommand it starts the server; `narthex help` tells the rest.
 */
import { checkConfig } from "./lib/cli/check_config.ts";
import { type CommandPorts, type JsonRequest, runCommand } from "./lib/cli/commands.ts";
import type { ServerArguments } from "./lib/cli/flags.ts";
import type { BuildInfo as CliBuildInfo } from "./lib/cli/help.ts";
import { messageOf, UserError } from "./lib/core/errors.ts";
import { createClock } from "./lib/sys/clock.ts";
import { claimDataDirectory, hasStore, holderName, kvPathOf } from "./lib/sys/data_directory.ts";
import { byteFiles, readStdin } from "./lib/sys/byte_files.ts";
import { systemFiles } from "./lib/sys/files.ts";
import { hostFiles } from "./lib/sys/host_files.ts";
import { createPosters } from "./lib/sys/http_poster.ts";
import { openKv } from "./lib/sys/kv.ts";
import { openLines } from "./lib/sys/line_file.ts";
import { createLog } from "./lib/sys/log.ts";
import { watchEventLoop } from "./lib/sys/loop_monitor.ts";
import { readProcessFacts } from "./lib/sys/process_files.ts";
import { systemRng } from "./lib/sys/rng.ts";
import { soon, yieldToLoop } from "./lib/sys/scheduler.ts";
import { createScrapeClients } from "./lib/sys/scrape_client.ts";
import { serve } from "./lib/sys/serve.ts";
import { openStoreGauge } from "./lib/sys/store_space.ts";
import { readUiFile } from "./lib/sys/ui_files.ts";
import { exitCodeOf, startServer } from "./server/start.ts";
import type { World } from "./server/world.ts";
import { VERSION } from "./version.ts";

const build: CliBuildInfo = {
  version: VERSION,
  revision: "unknown",
  branch: "main",
  buildUser: "unknown",
  buildDate: "unknown",
  goVersion: `deno ${Deno.version.deno}`,
  platform: `${Deno.build.os}/${Deno.build.arch === "x86_64" ? "amd64" : Deno.build.arch}`,
};

const commandPorts: CommandPorts = {
  fetchJson,
  nowMs: () => Date.now(),
  out: (text) => writeAll(Deno.stdout, text),
  err: (text) => writeAll(Deno.stderr, text),
  checkConfig: (paths, options) =>
    checkConfig(paths, options, systemFiles, {
      out: (text) => writeAll(Deno.stdout, text),
      err: (text) => writeAll(Deno.stderr, text),
    }, (name) => Deno.env.get(name)),
  rules: {
    files: systemFiles,
    readStdin: async () => new TextDecoder().decode(await new Response(Deno.stdin.readable).arrayBuffer()),
    writeText,
    monotonicMs: () => performance.now(),
    yieldToLoop,
  },
  tsdb: { files: byteFiles, stdin: readStdin, openStore: openStoreAlone },
  build,
};

async function writeText(path: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, text);
  } catch (error) {
    throw new UserError("unavailable", `open ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function fetchJson({ url, method, headers, body }: JsonRequest) {
  try {
    const response = await fetch(url, {
      method,
      headers: headers.map(([name, value]) => [name, value] as [string, string]),
      ...(method === "GET" ? {} : { body }),
    });
    return { status: response.status, statusText: response.statusText, body: await response.text() };
  } catch (error) {
    throw new UserError("unavailable", `${method} "${url}": ${messageOf(error)}`, { cause: error });
  }
}

/** For a command that works on the data of a server that does not run. */
async function openStoreAlone(path: string, { create }: { readonly create: boolean }) {
  if (!create && !await hasStore(path)) {
    throw new UserError("not_found", `there is no Narthex store in ${path}`);
  }
  const data = await claimDataDirectory(path);
  const kv = await openKv(data.kvPath);
  return {
    kv,
    close: () => {
      kv.close();
      data.release();
    },
  };
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(to.writeSync(rest));
}

async function runServer(args: Extract<ServerArguments, { kind: "run" }>): Promise<number> {
  const { flags } = args;
  const log = createLog({
    level: flags["log.level"] as "debug" | "info" | "warn" | "error",
    format: flags["log.format"] as "logfmt" | "json",
  });
  const loop = watchEventLoop();
  const world: World = {
    clock: createClock(loop.fired),
    rng: systemRng,
    log,
    files: systemFiles,
    openLines,
    clients: createScrapeClients(),
    posters: createPosters(),
    scheduler: { soon },
    yieldToLoop,
    env: (name) => Deno.env.get(name),
    hostname: Deno.hostname(),
    workingDirectory: Deno.cwd(),
    cpus: navigator.hardwareConcurrency,
    holder: holderName(),
    build: { ...build, runtimeVersion: build.goVersion },
    claimData: claimDataDirectory,
    kvPathOf,
    openKv,
    openStoreGauge,
    listen: ({ addresses, handler }) =>
      serve({
        addresses,
        log,
        handler: async (request, info) => {
          const answered = loop.attend();
          try {
            return await handler(request, info);
          } finally {
            answered();
          }
        },
      }),
    uiFile: readUiFile,
    embeddedConfig: () => Deno.readTextFile(new URL("./config/prometheus.yml", import.meta.url)),
    host: hostFiles(),
    processFacts: readProcessFacts,
    loopStalls: () => loop.snapshot(),
  };
  log.info("Starting Narthex", { version: build.version, runtime: build.goVersion, pid: Deno.pid });
  try {
    const server = await startServer(args, world);
    Deno.addSignalListener("SIGTERM", () => server.stop());
    Deno.addSignalListener("SIGINT", () => server.stop());
    Deno.addSignalListener("SIGHUP", () => {
      server.reload().catch((error) => log.error("Error reloading config", { err: messageOf(error) }));
    });
    const { failed } = await server.ended;
    return failed ? 1 : 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.error(messageOf(error));
    return exitCodeOf(error);
  } finally {
    loop.stop();
  }
}

if (import.meta.main) {
  const outcome = await runCommand(Deno.args, commandPorts);
  Deno.exit(outcome.kind === "exit" ? outcome.code : await runServer(outcome.arguments));
}
