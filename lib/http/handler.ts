/** The HTTP interface as one function: `(Request) => Promise<Response>`. It opens no socket and reads no clock. */
import type { HttpDeps } from "./deps.ts";

export interface RequestInfo {
  readonly remoteAddress: string;
}

export type HttpHandler = (request: Request, info: RequestInfo) => Promise<Response>;

export declare function createHandler(deps: HttpDeps): HttpHandler;
