/**
 * Everything that the server needs of the world, as ports. `main.ts` fills them from `lib/sys/`; a simulation may
 * fill them from a virtual clock and stores in memory, and run the same server.
 */
import type { Scheduler } from "../lib/actor/options.ts";
import type { ProcessFacts } from "../lib/client/process.ts";
import type {
  Clock,
  Files,
  HttpClients,
  HttpPosters,
  Kv,
  LineSink,
  Log,
  Rng,
  StoreSpace,
} from "../lib/core/ports.ts";
import type { HostPorts } from "../lib/exporters/host/ports.ts";
import type { BuildInfo, EventLoopSnapshot, UiFile } from "../lib/http/deps.ts";

export interface World {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly files: Files;
  /** Rejects with a `UserError` that names the file when it cannot be opened. */
  readonly openLines: (path: string) => Promise<LineSink>;
  readonly clients: HttpClients;
  readonly posters: HttpPosters;
  readonly scheduler: Scheduler;
  readonly yieldToLoop: () => Promise<void>;
  readonly env: (name: string) => string | undefined;
  readonly hostname: string;
  readonly workingDirectory: string;
  readonly cpus: number;
  /** Who this process is, for a lock or a lease that another process reads. */
  readonly holder: string;
  readonly build: BuildInfo;
  /** Claims the directory for this process alone, or rejects with a `UserError` that names its holder. */
  readonly claimData: (path: string) => Promise<{ readonly kvPath: string; release(): void }>;
  /** Of a data directory that is only read. */
  readonly kvPathOf: (path: string) => string;
  /** Each handle has a thread of its own: reads through a second one do not wait behind commits. */
  readonly openKv: (pathOrUrl: string) => Promise<Kv>;
  /** Tells how full the store is whose file this is. */
  readonly openStoreGauge: (path: string) => StoreGauge;
  readonly listen: (
    options: ListenOptions,
  ) => { readonly addresses: readonly string[]; close(): Promise<void> };
  readonly uiFile: (path: string) => Promise<UiFile | undefined>;
  /** The configuration that the program brings along, for a start without one. */
  readonly embeddedConfig: () => Promise<string>;
  readonly host: HostPorts;
  readonly processFacts: () => Promise<ProcessFacts | undefined>;
  readonly loopStalls: () => EventLoopSnapshot;
}

export interface StoreGauge {
  measure(): Promise<StoreSpace>;
  close(): void;
}

export interface ListenOptions {
  readonly addresses: readonly string[];
  readonly handler: (request: Request, info: { readonly remoteAddress: string }) => Promise<Response>;
}
