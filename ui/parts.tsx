/** Small parts that several pages share: label sets, failures, key and value tables. */
import type { Loading, Metric } from "./api.ts";
import { ApiError } from "./api.ts";
import type { ComponentChildren } from "preact";

/** A series as PromQL writes it, its parts coloured. */
export function MetricName({ metric }: { metric: Metric }) {
  const { __name__: name, ...labels } = metric;
  const pairs = Object.entries(labels);
  return (
    <span class="metric">
      {name !== undefined && <span class="metric-name">{name}</span>}
      {(pairs.length > 0 || name === undefined) && (
        <>
          {"{"}
          {pairs.map(([label, value], i) => (
            <span key={label}>
              {i > 0 && ", "}
              <span class="tok-label">{label}</span>
              ="<span class="label-value">{value}</span>"
            </span>
          ))}
          {"}"}
        </>
      )}
    </span>
  );
}

/** The same as plain text. */
export function metricText(metric: Metric): string {
  const { __name__: name = "", ...labels } = metric;
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 && name !== "" ? name : `${name}{${pairs.join(", ")}}`;
}

export function LabelChips({ labels }: { labels: Metric }) {
  return (
    <ul class="chips">
      {Object.entries(labels).map(([label, value]) => (
        <li key={label} class="chip">
          <span class="tok-label">{label}</span>="{value}"
        </li>
      ))}
    </ul>
  );
}

export function Failure({ error }: { error: Error }) {
  return (
    <div class="message error" role="alert">
      {error instanceof ApiError && <strong>{error.errorType}</strong>}
      <span>{error.message}</span>
    </div>
  );
}

/** What a page shows until its answer is there. */
export function Loaded<T>(
  { state, children }: { state: Loading<T>; children: (data: T) => ComponentChildren },
) {
  if (state.kind === "loading") return <p class="muted" aria-busy="true">Loading…</p>;
  if (state.kind === "failed") return <Failure error={state.error} />;
  return <>{children(state.answer.data)}</>;
}

export function FactTable({ facts }: { facts: readonly (readonly [name: string, value: string])[] }) {
  return (
    <table class="facts">
      <tbody>
        {facts.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value === "" ? <span class="muted">–</span> : value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
