/** What the `tsdb` commands need of the world: files of others, and a store that nobody else holds. */
import type { ByteFile, ByteFiles, Kv, Log } from "../core/ports.ts";
import type { CommandPorts } from "./commands.ts";

export interface OpenStore {
  readonly kv: Kv;
  close(): void;
}

export interface TsdbPorts {
  readonly files: ByteFiles;
  /** All of standard input. */
  stdin(): Promise<ByteFile>;
  /** Rejects with a `UserError` while a server holds the data, or, without `create`, where there is none. */
  openStore(path: string, options: { readonly create: boolean }): Promise<OpenStore>;
}

/** Warnings and errors of what is called go to standard error; the rest is of no interest to a command. */
export function commandLog(ports: Pick<CommandPorts, "err">): Log {
  const tell = (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
    const told = Object.entries(fields).filter(([, value]) => value !== undefined);
    ports.err(`${message}${told.map(([name, value]) => ` ${name}=${value}`).join("")}\n`);
  };
  const log: Log = { debug: () => {}, info: () => {}, warn: tell, error: tell, with: () => log };
  return log;
}
