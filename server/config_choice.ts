/**
 * Which configuration file is in force: the one that the command line names, `prometheus.yml` beside the process,
 * or, where there is neither, the embedded default, which scrapes this very server.
 */
import type { ServerArguments } from "../lib/cli/flags.ts";
import type { Files } from "../lib/core/ports.ts";
import type { World } from "./world.ts";

export interface ConfigChoice {
  readonly path: string;
  /** The world's files, and the embedded default among them where it is in force. */
  readonly files: Files;
}

const EMBEDDED_PATH = "(embedded default)";
/** What the embedded default writes for the server's own address. */
const OWN_ADDRESS = "localhost:9090";

export async function chooseConfig(
  args: Extract<ServerArguments, { kind: "run" }>,
  /** As bound. */
  listenAddresses: readonly string[],
  world: World,
): Promise<ConfigChoice> {
  const path = args.flags["config.file"];
  if (args.given.has("config.file") || await world.files.stat(path) !== null) {
    return { path, files: world.files };
  }
  world.log.info("No configuration file: scraping this server and this machine by the embedded default", {
    missing: path,
  });
  const text = (await world.embeddedConfig()).replaceAll(
    OWN_ADDRESS,
    ownAddress(listenAddresses),
  );
  return {
    path: EMBEDDED_PATH,
    files: {
      ...world.files,
      readText: (asked) => asked === EMBEDDED_PATH ? Promise.resolve(text) : world.files.readText(asked),
    },
  };
}

/** A wildcard address is reached by loopback. */
function ownAddress(listenAddresses: readonly string[]): string {
  const address = listenAddresses[0] ?? OWN_ADDRESS;
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon);
  const reachable = host === "" || host === "0.0.0.0" || host === "[::]" ? "localhost" : host;
  return `${reachable}:${address.slice(colon + 1)}`;
}
