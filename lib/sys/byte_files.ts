/** The `ByteFiles` port on the file system. Errors name the path. */
import { UserError } from "../core/errors.ts";
import type { ByteFile, ByteFiles } from "../core/ports.ts";

export const byteFiles: ByteFiles = {
  open(path: string): ByteFile {
    const file = attempt(path, () => Deno.openSync(path, { read: true }));
    const bytesCount = attempt(path, () => file.statSync().size);
    return {
      path,
      bytesCount,
      read: (at, count) =>
        attempt(path, () => readAt(file, at, Math.min(count, Math.max(0, bytesCount - at)))),
      close: () => file.close(),
    };
  },

  names(directory: string): readonly string[] | undefined {
    try {
      return [...Deno.readDirSync(directory)].map((entry) => entry.name).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return undefined;
      }
      throw new UserError("not_found", `open ${directory}: ${wordsOf(error)}`, { cause: error });
    }
  },
};

/** All of standard input, kept in memory. */
export async function readStdin(): Promise<ByteFile> {
  const bytes = new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
  return {
    path: "standard input",
    bytesCount: bytes.length,
    read: (at, count) => bytes.slice(at, at + count),
    close: () => {},
  };
}

function readAt(file: Deno.FsFile, at: number, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  file.seekSync(at, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < count) {
    const read = file.readSync(bytes.subarray(filled));
    // The file has become shorter since it was opened.
    if (read === null) return bytes.slice(0, filled);
    filled += read;
  }
  return bytes;
}

function attempt<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new UserError("not_found", `open ${path}: ${wordsOf(error)}`, { cause: error });
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file or directory";
  return error instanceof Error ? error.message : String(error);
}
