/** An instant query's answer as a table: a row a series, labels coloured, rows bounded. */
import { useState } from "preact/hooks";
import type { Histogram, MatrixSeries, QueryData, VectorSample } from "../api.ts";
import { formatCount, formatTime } from "../format.ts";
import { MetricName, metricText } from "../parts.tsx";
import { useSettings } from "../settings.ts";

/** As Prometheus's page: beyond these, rows cost the browser seconds. */
const ROWS_MAX = 10_000;
/** Coloured labels are many elements a row; beyond this count names are plain text. */
const COLOURED_ROWS_MAX = 1_000;
/** Points of one series of a range vector that are listed at once. */
const POINTS_SHOWN_MAX = 50;

export function ResultTable({ data }: { data: QueryData }) {
  const { timeZone } = useSettings();
  if (data.resultType !== "vector" && data.resultType !== "matrix") {
    const [seconds, value] = data.result;
    return (
      <table class="results">
        <tbody>
          <tr>
            <td>{data.resultType}</td>
            <td class="value" title={formatTime(seconds * 1000, timeZone)}>{value}</td>
          </tr>
        </tbody>
      </table>
    );
  }
  const rows: readonly (VectorSample | MatrixSeries)[] = data.result;
  if (rows.length === 0) return <p class="empty">The query has no result at this time.</p>;
  const coloured = rows.length <= COLOURED_ROWS_MAX;
  return (
    <>
      {rows.length > ROWS_MAX && (
        <p class="message warning">
          The first {ROWS_MAX.toLocaleString("en-US")} of {formatCount(rows.length, "row")} are shown.
        </p>
      )}
      <div class="scroll">
        <table class="results">
          <tbody>
            {rows.slice(0, ROWS_MAX).map((row, i) => (
              <tr key={i}>
                <td>{coloured ? <MetricName metric={row.metric} /> : metricText(row.metric)}</td>
                <td class="value">
                  <Value row={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Value({ row }: { row: VectorSample | MatrixSeries }) {
  if ("value" in row && row.value !== undefined) return <>{row.value[1]}</>;
  if ("histogram" in row && row.histogram !== undefined) {
    return <HistogramValue histogram={row.histogram[1]} />;
  }
  if ("values" in row || "histograms" in row) return <Points series={row} />;
  return null;
}

function Points({ series }: { series: MatrixSeries }) {
  const [all, setAll] = useState(false);
  const points = series.values ?? [];
  const shown = all ? points : points.slice(-POINTS_SHOWN_MAX);
  return (
    <div class="points">
      {shown.length < points.length && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          Show {formatCount(points.length - shown.length, "earlier point")}
        </button>
      )}
      {shown.map(([seconds, value]) => (
        <div key={seconds}>
          {value} <span class="muted">@{seconds}</span>
        </div>
      ))}
      {(series.histograms ?? []).map(([seconds, histogram]) => (
        <div key={seconds}>
          <HistogramValue histogram={histogram} /> <span class="muted">@{seconds}</span>
        </div>
      ))}
    </div>
  );
}

/** Count and sum, and a bar a bucket. */
function HistogramValue({ histogram }: { histogram: Histogram }) {
  const buckets = histogram.buckets ?? [];
  const largest = Math.max(1e-300, ...buckets.map((bucket) => Number(bucket[3])));
  return (
    <div class="histogram">
      <div>count {histogram.count}, sum {histogram.sum}</div>
      {buckets.map(([rule, low, high, count]) => (
        <div key={`${low} ${high}`} class="bucket">
          <span>
            {rule === 1 || rule === 3 ? "[" : "("}
            {low}, {high}
            {rule === 0 || rule === 3 ? "]" : ")"}
          </span>
          <span class="bucket-bar" style={{ width: `${(100 * Number(count)) / largest}px` }} />
          <span>{count}</span>
        </div>
      ))}
    </div>
  );
}
