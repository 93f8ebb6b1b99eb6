import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { UserError } from "../../lib/core/errors.ts";
import type { LineSink } from "../../lib/core/ports.ts";
import type { QueryEngine } from "../../lib/promql/result.ts";
import { QueryLog } from "../../server/query_log.ts";
import { FakeEngine, ManualClock, NOW_MS, resultOf, STATS } from "../http/fixtures.ts";

class Lines implements LineSink {
  readonly lines: string[] = [];
  closed = false;
  write(line: string): void {
    this.lines.push(line);
  }
  stats() {
    return { dropped: 1, failures: 2 };
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

function logOf() {
  const clock = new ManualClock();
  const files = new Map<string, Lines[]>();
  const log = new QueryLog({
    clock,
    openLines: (path) => {
      if (path === "/no") return Promise.reject(new UserError("unavailable", "open /no: permission denied"));
      const lines = new Lines();
      files.set(path, [...files.get(path) ?? [], lines]);
      return Promise.resolve(lines);
    },
  });
  const engine = new FakeEngine();
  return { clock, files, log, engine, logged: log.logged(engine) };
}

Deno.test("a range query is one line of JSON, with who asked", async () => {
  const { log, files, logged, engine, clock } = logOf();
  await log.use("/q");
  engine.answer = resultOf({ kind: "matrix", series: [] }, { stats: { ...STATS, queuedMs: 2 } });
  const slow: QueryEngine["range"] = (...args) => {
    clock.monotonic += 10;
    return engine.range(...args);
  };
  const origin = { kind: "http", clientIp: "10.0.0.7", method: "GET", path: "/api/v1/query_range" } as const;
  const range = { startMs: NOW_MS - 3_600_000, endMs: NOW_MS, stepMs: 15_000 };
  await log.logged({ ...logged, range: slow }).range('sum({a="b"})', range, { origin });
  deepStrictEqual(JSON.parse(files.get("/q")![0]!.lines[0]!), {
    time: "2023-11-14T22:13:20.250Z",
    level: "INFO",
    msg: "promql query logged",
    params: {
      end: "2023-11-14T22:13:20.250Z",
      query: 'sum({a="b"})',
      start: "2023-11-14T21:13:20.250Z",
      step: 15,
    },
    stats: {
      timings: {
        evalTotalTime: 0.00175,
        resultSortTime: 0,
        queryPreparationTime: 0.00025,
        innerEvalTime: 0.0015,
        execQueueTime: 0.002,
        execTotalTime: 0.01,
      },
      samples: { totalQueryableSamples: 12, samplesRead: 12, peakSamples: 7 },
    },
    httpRequest: { clientIP: "10.0.0.7", method: "GET", path: "/api/v1/query_range" },
    ts: "2023-11-14T22:13:20.250Z",
  });
});

Deno.test("the query of a rule is logged with its group and file", async () => {
  const { log, files, logged } = logOf();
  await log.use("/q");
  await logged.instant("up", NOW_MS, { origin: { kind: "rule", file: "/r.yml", group: 'a "b"' } });
  const line = JSON.parse(files.get("/q")![0]!.lines[0]!);
  deepStrictEqual([line.ruleGroup, line.httpRequest], [{ file: "/r.yml", name: 'a "b"' }, undefined]);
});

Deno.test("a query that fails is logged with its error, one that does not parse is not", async () => {
  const { log, files, logged, engine } = logOf();
  await log.use("/q");
  engine.answer = new UserError("timeout", "query timed out in expression evaluation");
  await rejects(logged.instant("up", NOW_MS), /timed out/);
  await rejects(logged.instant("sum(", NOW_MS), /parse error/);
  const lines = files.get("/q")![0]!.lines.map((line) => JSON.parse(line));
  deepStrictEqual(lines.map(({ params, error, stats }) => [params.query, params.step, error, stats]), [
    ["up", 0, "query timed out in expression evaluation", { timings: { execTotalTime: 0 } }],
  ]);
});

Deno.test("each reload opens the file anew, an empty path ends the log", async () => {
  const { log, files, logged } = logOf();
  await logged.instant("1", 0);
  await log.use("/q");
  await logged.instant("2", 0);
  await log.use("/q");
  await logged.instant("3", 0);
  const [first, second] = files.get("/q")!;
  deepStrictEqual([first!.lines.length, first!.closed, second!.lines.length], [1, true, 1]);
  deepStrictEqual(log.stats(), { enabled: true, failures: 4, dropped: 2 }, "of both files");
  await rejects(log.use("/no"), /open \/no: permission denied/);
  await logged.instant("4", 0);
  strictEqual(second!.lines.length, 2, "the log goes on where it was");
  await log.use("");
  await logged.instant("5", 0);
  deepStrictEqual(log.stats(), { enabled: false, failures: 4, dropped: 2 });
});
