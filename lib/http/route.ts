/** What a route is: a path, methods, and a function from a call to a reply. The table is routes.ts. */
import type { EpochMs } from "../core/time.ts";
import type { WriteReceiver } from "../remote/receiver.ts";
import type { HttpDeps } from "./deps.ts";
import { type Params } from "./params.ts";
import type { Reply } from "./reply.ts";

export interface Call {
  readonly deps: HttpDeps;
  readonly receiver: WriteReceiver;
  readonly request: Request;
  readonly url: URL;
  /** Of the path, decoded: `:name`. */
  readonly pathParam: (name: string) => string;
  /** Reads the body of a form; at most once. */
  readonly params: () => Promise<Params>;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** `host:port` of the client, as the listener saw it. */
  readonly remoteAddress: string;
  readonly nowMs: EpochMs;
}

export interface Route {
  /** Below the prefix; also the `handler` label of the metrics. */
  readonly path: string;
  readonly methods: readonly string[];
  /** `ready`: answers 503 while the server starts or stops. */
  readonly access: "ready" | "always";
  /** How errors are written: in the envelope, or as plain text. */
  readonly errors: "envelope" | "plain";
  readonly run: (call: Call) => Reply | Promise<Reply>;
}

export function apiRoute(
  methods: readonly string[],
  path: string,
  run: Route["run"],
  access: Route["access"] = "ready",
): Route {
  return { path: `/api/v1${path}`, methods, access, errors: "envelope", run };
}

export function plainRoute(methods: readonly string[], path: string, run: Route["run"]): Route {
  return { path, methods, access: "always", errors: "plain", run };
}

export const GET: readonly string[] = ["GET"];
export const GET_POST: readonly string[] = ["GET", "POST"];
export const POST_PUT: readonly string[] = ["POST", "PUT"];
