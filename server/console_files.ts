/** The files of consoles, from the directories that the flags name. No path leads out of its directory. */
import { cleanPath, joinPath } from "../lib/config/paths.ts";
import { expandGlob } from "../lib/config/glob.ts";
import { UserError } from "../lib/core/errors.ts";
import type { Files } from "../lib/core/ports.ts";
import type { ConsoleFiles } from "../lib/http/deps.ts";

export interface ConsoleDirectories {
  readonly templates: string;
  readonly libraries: string;
}

export function consoleFiles(files: Files, { templates, libraries }: ConsoleDirectories): ConsoleFiles {
  return {
    async template(path) {
      if (path.includes("\0")) throw new UserError("not_found", "http: invalid character in file path");
      // Cleaned as a path from the root, so that `..` ends there.
      const file = joinPath(templates, cleanPath(`/${path}`).slice(1)) || templates;
      const info = await files.stat(file);
      if (info === null) throw new UserError("not_found", `open ${file}: no such file or directory`);
      if (!info.isFile) throw new UserError("internal", `read ${file}: is a directory`);
      return await files.readText(file);
    },
    async libraries() {
      const paths = await expandGlob(`${libraries}/*.lib`, files);
      return await Promise.all(paths.map(async (path) => ({
        name: path.slice(path.lastIndexOf("/") + 1),
        text: await files.readText(path),
      })));
    },
  };
}
