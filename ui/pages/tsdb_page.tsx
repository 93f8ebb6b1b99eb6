/** What the storage holds now: counts of the head, and which metrics and labels weigh most. */
import { useApi } from "../api.ts";
import { formatCount, formatTime } from "../format.ts";
import { Loaded } from "../parts.tsx";
import { useSettings } from "../settings.ts";

interface NameValue {
  readonly name: string;
  readonly value: number;
}

interface TsdbStatus {
  readonly headStats: {
    readonly numSeries: number;
    readonly numLabelPairs: number;
    readonly chunkCount: number;
    readonly minTime: number;
    readonly maxTime: number;
  };
  readonly seriesCountByMetricName?: readonly NameValue[] | null;
  readonly labelValueCountByLabelName?: readonly NameValue[] | null;
  readonly memoryInBytesByLabelName?: readonly NameValue[] | null;
  readonly seriesCountByLabelValuePair?: readonly NameValue[] | null;
}

const REFRESH_MS = 15_000;

export function TsdbPage() {
  const status = useApi<TsdbStatus>("status/tsdb", REFRESH_MS);
  const { timeZone } = useSettings();
  return (
    <>
      <h1>Storage</h1>
      <Loaded state={status}>
        {({ headStats, ...tables }) => (
          <>
            <section class="stats">
              <Stat title="Series" value={headStats.numSeries.toLocaleString("en-US")} />
              <Stat title="Label pairs" value={headStats.numLabelPairs.toLocaleString("en-US")} />
              <Stat title="Chunks" value={headStats.chunkCount.toLocaleString("en-US")} />
              <Stat title="Oldest sample" value={time(headStats.minTime, timeZone)} />
              <Stat title="Newest sample" value={time(headStats.maxTime, timeZone)} />
            </section>
            <div class="columns">
              <Top title="Metrics with most series" rows={tables.seriesCountByMetricName} />
              <Top title="Labels with most values" rows={tables.labelValueCountByLabelName} />
              <Top title="Label pairs with most series" rows={tables.seriesCountByLabelValuePair} />
              <Top title="Labels by memory, bytes" rows={tables.memoryInBytesByLabelName} />
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}

/** An empty head has the smallest and largest times that an int64 holds. */
function time(ms: number, zone: "local" | "utc"): string {
  return Math.abs(ms) > 8.64e15 || ms === 0 ? "–" : formatTime(ms, zone);
}

function Stat({ title, value }: { title: string; value: string }) {
  return (
    <div class="stat">
      <span class="stat-title">{title}</span>
      <span class="stat-value">{value}</span>
    </div>
  );
}

function Top({ title, rows }: { title: string; rows: readonly NameValue[] | null | undefined }) {
  const list = rows ?? [];
  const largest = Math.max(1, ...list.map(({ value }) => value));
  return (
    <section class="card">
      <h2>{title}</h2>
      {list.length === 0 && <p class="muted">{formatCount(0, "entries")}</p>}
      <table class="facts bars">
        <tbody>
          {list.map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <span class="bar" style={{ width: `${(100 * value) / largest}%` }} />
                <span class="bar-value">{value.toLocaleString("en-US")}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
