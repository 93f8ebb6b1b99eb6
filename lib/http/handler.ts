/**
 * The HTTP interface as one function: `(Request) => Promise<Response>`. It opens no socket and reads no clock. A
 * request's life: find the route, refuse it while the server is not ready, run it, turn an error into an answer, add
 * the cross-origin headers, compress, count.
 */
import { Hono } from "hono";
import { WriteReceiver } from "../remote/receiver.ts";
import { contentCodingOf } from "./compress.ts";
import { setCorsHeaders } from "./cors.ts";
import type { HttpDeps } from "./deps.ts";
import { meteredEngine } from "./engine_metrics.ts";
import { errorReply, plainErrorReply, plainReply } from "./errors.ts";
import { HttpMetrics } from "./instrument.ts";
import { type Params, readParams } from "./params.ts";
import { redirectReply, type Reply, responseOf, textReply } from "./reply.ts";
import type { Call, Route } from "./route.ts";
import { routesOf } from "./routes.ts";
import { SelfMetrics } from "./self_metrics.ts";
import { uiFileReply } from "./ui.ts";

export interface RequestInfo {
  readonly remoteAddress: string;
}

export type HttpHandler = (request: Request, info: RequestInfo) => Promise<Response>;

const API_PREFIX = "/api/v1/";

/** Registers the handler's own metrics in `deps.registry`; make one handler a registry. */
export function createHandler(given: HttpDeps): HttpHandler {
  const deps = { ...given, engine: meteredEngine(given.engine, given.registry, given.clock) };
  const metrics = new HttpMetrics(deps.registry);
  const pacing = { monotonicMs: () => deps.clock.monotonicMs(), yieldToLoop: deps.yieldToLoop };
  const receiver = new WriteReceiver({ append: deps.append, log: deps.log, ...pacing });
  const self = new SelfMetrics({
    buildInfo: deps.buildInfo,
    ready: () => deps.readiness() === "ready",
    receiver: () => receiver.stats,
  });
  deps.registry.register(self);
  const prefix = deps.options.routePrefix.replace(/\/+$/, "");

  async function answer(
    request: Request,
    route: Route,
    from: Pick<Call, "pathParam" | "remoteAddress">,
  ): Promise<Response> {
    const startMs = deps.clock.monotonicMs();
    const reply = await replyOf(request, route, from);
    const response = finish(request, reply, route.path);
    metrics.answered(route.path, reply.status, deps.clock.monotonicMs() - startMs);
    return response;
  }

  async function replyOf(
    request: Request,
    route: Route,
    from: Pick<Call, "pathParam" | "remoteAddress">,
  ): Promise<Reply> {
    const readiness = deps.readiness();
    if (route.access === "ready" && readiness !== "ready") return notReadyReply(readiness === "stopping");
    const url = new URL(request.url);
    let params: Promise<Params> | undefined;
    const call: Call = {
      deps,
      receiver,
      request,
      url,
      ...from,
      params: () => params ??= readParams(request, url),
      signal: request.signal,
      nowMs: deps.clock.nowMs(),
    };
    try {
      return await route.run(call);
    } catch (error) {
      const toReply = route.errors === "envelope" ? errorReply : plainErrorReply;
      return toReply(error, deps.log, request.signal.aborted);
    }
  }

  function finish(request: Request, reply: Reply, handler: string): Response {
    const coding = contentCodingOf(request.headers.get("Accept-Encoding"));
    const response = responseOf(reply, coding, (bytes) => metrics.sent(handler, bytes), pacing);
    if (handler.startsWith(API_PREFIX)) {
      setCorsHeaders(response.headers, request.headers.get("Origin"), deps.options.corsOrigin);
    }
    if (coding !== undefined) response.headers.append("Vary", "Accept-Encoding");
    return response;
  }

  /** What no route answers: a file of the interface, a hint at the prefix, or Go's 404. */
  async function elsewhere(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (prefix !== "" && pathname === "/") return finish(request, redirectReply(`${prefix}/`), "/");
    const path = pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : undefined;
    const reads = request.method === "GET" || request.method === "HEAD";
    const isApi = path?.startsWith(API_PREFIX) === true;
    const file = path !== undefined && reads && !isApi ? await uiFileReply(deps, path) : undefined;
    const handler = isApi ? `${API_PREFIX}*path` : "/*filepath";
    const reply = file ?? plainReply(404, "404 page not found");
    metrics.answered(handler, reply.status, 0);
    return finish(request, reply, handler);
  }

  const app = new Hono<{ Bindings: RequestInfo }>({ strict: true });
  app.options(`${prefix}${API_PREFIX}*`, (c) => finish(c.req.raw, { status: 204 }, `${API_PREFIX}*path`));
  const routes = routesOf(self);
  for (const route of routes) {
    app.on([...route.methods], [`${prefix}${patternOf(route.path)}`], (c) => {
      const pathParam = (name: string) => c.req.param(name) ?? "";
      return answer(c.req.raw, route, { pathParam, remoteAddress: c.env.remoteAddress });
    });
  }
  for (const [path, methods] of methodsByPath(routes)) {
    app.all(`${prefix}${patternOf(path)}`, (c) => {
      metrics.answered(path, 405, 0);
      const reply = plainReply(405, "Method Not Allowed");
      return finish(c.req.raw, { ...reply, headers: { ...reply.headers, Allow: methods.join(", ") } }, path);
    });
  }
  app.notFound((c) => elsewhere(c.req.raw));
  // Routes answer their own errors: what arrives here was thrown on the way to one.
  app.onError((error, c) =>
    finish(c.req.raw, errorReply(error, deps.log, c.req.raw.signal.aborted), "/*filepath")
  );

  return async (request, info) => await app.fetch(request, info);
}

/** A path as Prometheus writes it, `*name` for all the rest, as the router does. */
function patternOf(path: string): string {
  return path.replace(/\*([a-z]+)$/, ":$1{.*}");
}

function notReadyReply(stopping: boolean): Reply {
  const reply = textReply(503, "Service Unavailable");
  return { ...reply, headers: { "X-Prometheus-Stopping": String(stopping) } };
}

function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, readonly string[]> {
  const byPath = new Map<string, string[]>();
  for (const { path, methods } of routes) {
    byPath.set(path, [...byPath.get(path) ?? [], ...methods, "OPTIONS"]);
  }
  return new Map([...byPath].map(([path, methods]) => [path, [...new Set(methods)].sort()]));
}
