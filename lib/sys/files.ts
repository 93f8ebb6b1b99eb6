/** The `Files` port on the file system. Errors name the path and what was tried. */
import { UserError } from "../core/errors.ts";
import type { FileInfo, Files } from "../core/ports.ts";

export const systemFiles: Files = {
  async readText(path: string): Promise<string> {
    try {
      return await Deno.readTextFile(path);
    } catch (error) {
      throw new UserError("not_found", `open ${path}: ${reasonOf(error)}`, { cause: error });
    }
  },

  async stat(path: string): Promise<FileInfo | null> {
    try {
      const info = await Deno.stat(path);
      return { path, modifiedMs: info.mtime?.getTime() ?? 0, isFile: info.isFile };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw new UserError("not_found", `stat ${path}: ${reasonOf(error)}`, { cause: error });
    }
  },

  async list(directory: string): Promise<readonly string[]> {
    const paths: string[] = [];
    try {
      for await (const entry of Deno.readDir(directory === "" ? "." : directory)) {
        paths.push(directory === "" ? entry.name : `${directory.replace(/\/$/, "")}/${entry.name}`);
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
      throw new UserError("not_found", `open ${directory}: ${reasonOf(error)}`, { cause: error });
    }
    return paths.sort();
  },
};

/** As Go words the common ones. */
function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file or directory";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "is a directory";
  return error instanceof Error ? error.message : String(error);
}
