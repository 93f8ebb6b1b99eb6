/**
 * The query log: a line of JSON for every query that the engine was given, in the file that the configuration names.
 * The file is opened anew at each reload, so that it can be moved away. Asks nothing of the queries: a line that
 * cannot be written is counted and gone.
 */
import type { Clock, LineSink } from "../lib/core/ports.ts";
import { messageOf, UserError } from "../lib/core/errors.ts";
import type { EpochMs } from "../lib/core/time.ts";
import { quoteJson } from "../lib/http/json_writer.ts";
import { failedStatsJson, queryStatsJson } from "../lib/http/query_stats.ts";
import { formatRfc3339Ms } from "../lib/http/times.ts";
import type { QueryEngine, QueryOptions, QueryOrigin, QueryResult } from "../lib/promql/result.ts";

export interface QueryLogOptions {
  readonly clock: Clock;
  readonly openLines: (path: string) => Promise<LineSink>;
}

export interface QueryLogStats {
  readonly enabled: boolean;
  /** Writes that the file refused, and lines that found no room before it. */
  readonly failures: number;
  readonly dropped: number;
}

interface LoggedQuery {
  readonly query: string;
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  readonly stepMs: number;
}

export class QueryLog {
  readonly #options: QueryLogOptions;
  #sink: LineSink | undefined;
  /** Of files that are closed. */
  #failures = 0;
  #dropped = 0;

  constructor(options: QueryLogOptions) {
    this.#options = options;
  }

  /** An empty path ends the log. When the file cannot be opened the log goes on as it was. */
  async use(path: string): Promise<void> {
    const next = path === "" ? undefined : await this.#options.openLines(path);
    const previous = this.#sink;
    this.#sink = next;
    if (previous === undefined) return;
    await previous.close();
    const { failures, dropped } = previous.stats();
    this.#failures += failures;
    this.#dropped += dropped;
  }

  close(): Promise<void> {
    return this.use("");
  }

  stats(): QueryLogStats {
    const { failures, dropped } = this.#sink?.stats() ?? { failures: 0, dropped: 0 };
    return {
      enabled: this.#sink !== undefined,
      failures: this.#failures + failures,
      dropped: this.#dropped + dropped,
    };
  }

  /** The same engine; what it is asked is logged when it has answered. */
  logged(engine: QueryEngine): QueryEngine {
    return {
      instant: (query, timeMs, options) =>
        this.#run(
          { query, startMs: timeMs, endMs: timeMs, stepMs: 0 },
          options,
          () => engine.instant(query, timeMs, options),
        ),
      range: (query, range, options) =>
        this.#run({ query, ...range }, options, () => engine.range(query, range, options)),
    };
  }

  async #run(
    query: LoggedQuery,
    options: QueryOptions | undefined,
    run: () => Promise<QueryResult>,
  ): Promise<QueryResult> {
    if (this.#sink === undefined) return await run();
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const write = (outcome: QueryResult | Error) => {
      const totalMs = clock.monotonicMs() - startMs;
      this.#sink?.write(lineOf({ query, outcome, totalMs, nowMs: clock.nowMs(), origin: options?.origin }));
    };
    try {
      const result = await run();
      write(result);
      return result;
    } catch (error) {
      // As Prometheus: what does not parse has not become a query.
      const parsed = !(error instanceof UserError && error.code === "bad_data");
      if (parsed) write(error instanceof Error ? error : new Error(messageOf(error)));
      throw error;
    }
  }
}

interface Line {
  readonly query: LoggedQuery;
  readonly outcome: QueryResult | Error;
  readonly totalMs: number;
  readonly nowMs: EpochMs;
  readonly origin: QueryOrigin | undefined;
}

/** The keys of Prometheus 3, and `ts`, which is what Prometheus 2 calls the time. */
function lineOf({ query, outcome, totalMs, nowMs, origin }: Line): string {
  const { startMs, endMs, stepMs } = query;
  const time = quoteJson(formatRfc3339Ms(nowMs));
  const failed = outcome instanceof Error;
  return `{"time":${time},"level":"INFO","msg":"promql query logged",` +
    `"params":{"end":${quoteJson(formatRfc3339Ms(endMs))},"query":${quoteJson(query.query)},` +
    `"start":${quoteJson(formatRfc3339Ms(startMs))},"step":${Math.floor(stepMs / 1000)}},` +
    (failed ? `"error":${quoteJson(outcome.message)},` : "") +
    `"stats":${failed ? failedStatsJson(totalMs) : queryStatsJson(outcome.stats, totalMs)},` +
    (origin === undefined ? "" : `${originJson(origin)},`) +
    `"ts":${time}}`;
}

function originJson(origin: QueryOrigin): string {
  if (origin.kind === "rule") {
    return `"ruleGroup":{"file":${quoteJson(origin.file)},"name":${quoteJson(origin.group)}}`;
  }
  const { clientIp, method, path } = origin;
  return `"httpRequest":{"clientIP":${quoteJson(clientIp)},"method":${quoteJson(method)},` +
    `"path":${quoteJson(path)}}`;
}
