/**
 * The data directory: the KV file and a lock file inside. The lock is the kernel's, so it ends with the process
 * that holds it, however that ends; the text in it tells a second process who the first one is.
 */
import { UserError } from "../core/errors.ts";

export interface DataDirectory {
  readonly kvPath: string;
  release(): void;
}

/** Creates the directory when it is missing. Rejects with a `UserError` when another process holds it. */
export async function claimDataDirectory(path: string): Promise<DataDirectory> {
  const directory = path.replace(/\/+$/, "") || "/";
  await Deno.mkdir(directory, { recursive: true });
  const lockPath = `${directory}/lock`;
  const file = await Deno.open(lockPath, { create: true, read: true, write: true });
  if (!file.tryLockSync(true)) {
    file.close();
    const holder = (await Deno.readTextFile(lockPath)).trim() || "another process";
    throw new UserError("unavailable", `the data directory ${directory} is in use by ${holder}`);
  }
  file.truncateSync(0);
  file.writeSync(new TextEncoder().encode(`${holderName()}\n`));
  return { kvPath: kvPathOf(directory), release: () => file.close() };
}

/** The KV file of a data directory, which need not be claimed to be read. */
export function kvPathOf(path: string): string {
  return `${path.replace(/\/+$/, "")}/narthex.kv`;
}

/** Whether a server has kept data there. */
export async function hasStore(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(`${path.replace(/\/+$/, "")}/narthex.kv`)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Who this process is, for a lock or a lease that another process reads. */
export function holderName(): string {
  return `pid ${Deno.pid} on ${Deno.hostname()}`;
}
