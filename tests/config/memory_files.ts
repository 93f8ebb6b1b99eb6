/** The `Files` port over a table of paths, and over the real file system for the shared test data. */
import { UserError } from "../../lib/core/errors.ts";
import type { Files } from "../../lib/core/ports.ts";

export function memoryFiles(contents: Readonly<Record<string, string>>): Files {
  return {
    readText(path) {
      const text = contents[path];
      if (text !== undefined) return Promise.resolve(text);
      return Promise.reject(new UserError("not_found", `open ${path}: no such file or directory`));
    },
    stat(path) {
      return Promise.resolve(path in contents ? { path, modifiedMs: 0, isFile: true } : null);
    },
    list(directory) {
      const prefix = directory === "." ? "" : directory.endsWith("/") ? directory : directory + "/";
      const inside = Object.keys(contents).filter((path) =>
        path.startsWith(prefix) && !path.slice(prefix.length).includes("/")
      );
      return Promise.resolve(inside.sort());
    },
  };
}

export const noEnv = (): undefined => undefined;
