import assert from "node:assert/strict";
import {
  acceptHeader,
  decideFormat,
  SCRAPE_PROTOCOLS_DEFAULT,
  scrapeHeaders,
} from "../../lib/scrape/accept.ts";

Deno.test("the default Accept header is Prometheus's", () => {
  assert.equal(
    acceptHeader(SCRAPE_PROTOCOLS_DEFAULT, "allow-utf-8"),
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5," +
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
  );
  assert.equal(
    acceptHeader(["PrometheusText0.0.4"], "underscores"),
    "text/plain;version=0.0.4;q=0.6,*/*;q=0.5",
  );
});

Deno.test("a scrape tells its timeout in seconds and asks for gzip or for none", () => {
  const headers = scrapeHeaders({
    protocols: ["PrometheusText0.0.4"],
    escaping: "allow-utf-8",
    compression: "identity",
    timeoutMs: 1500,
    userAgent: "Narthex/1",
  });
  assert.deepEqual(headers, [
    ["Accept", "text/plain;version=0.0.4;q=0.6,*/*;q=0.5"],
    ["Accept-Encoding", "identity"],
    ["User-Agent", "Narthex/1"],
    ["X-Prometheus-Scrape-Timeout-Seconds", "1.5"],
  ]);
});

Deno.test("the Content-Type chooses the parser; only the fallback saves an unknown one", () => {
  const format = (type: string) => {
    const decision = decideFormat(type, undefined);
    return decision.kind === "format" ? decision.format : decision.reason;
  };
  assert.equal(format("text/plain"), "text");
  assert.equal(format("Text/Plain; version=9.9; charset=utf-8"), "text");
  assert.equal(format("application/openmetrics-text; version=1.0.0"), "openmetrics");
  assert.match(format("application/vnd.google.protobuf; x=y"), /protobuf/);
  assert.equal(
    format("text/html"),
    'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
  );
  assert.equal(
    format("garbage"),
    'cannot parse Content-Type "garbage" and no fallback_scrape_protocol for target',
  );
  assert.deepEqual(decideFormat("text/html", "OpenMetricsText1.0.0"), {
    kind: "format",
    format: "openmetrics",
    warning:
      'received unsupported Content-Type "text/html", using fallback_scrape_protocol "OpenMetricsText1.0.0"',
  });
  const blank = decideFormat("", "PrometheusText0.0.4");
  assert.ok(blank.kind === "format" && blank.format === "text" && blank.warning !== undefined);
});
