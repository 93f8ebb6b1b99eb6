/** For commands that have no business with stored samples. */
import type { TsdbPorts } from "../../lib/cli/tsdb_ports.ts";

export const NO_TSDB: TsdbPorts = {
  files: {
    open: (path) => {
      throw new Error(`${path} is opened`);
    },
    names: () => undefined,
  },
  stdin: () => Promise.reject(new Error("standard input is read")),
  openStore: (path) => Promise.reject(new Error(`the store in ${path} is opened`)),
};
