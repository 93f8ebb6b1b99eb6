/** What happened to the alerts of a rule: a timeline of their states, and every transition with its reason. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { callApi } from "../api.ts";
import { formatDuration, formatSi, formatTime } from "../format.ts";
import { Failure, MetricName, metricText } from "../parts.tsx";
import { useSettings } from "../settings.ts";
import {
  type HistoryData,
  type Phase,
  selectorOf,
  type Span,
  type StandingData,
  timelineOf,
  type TimeWindow,
  type Transition,
} from "./alert_timeline.ts";

const RANGES: readonly (readonly [title: string, rangeMs: number])[] = [
  ["15m", 900_000],
  ["1h", 3_600_000],
  ["6h", 6 * 3_600_000],
  ["1d", 86_400_000],
  ["1w", 7 * 86_400_000],
  ["30d", 30 * 86_400_000],
];
const REFRESH_MS = 10_000;
/** Alerts and transitions of one timeline; the newest of them. */
const ROWS_MAX = 50;
const TRANSITIONS_MAX = 1_000;

const PHASE_TEXTS: Readonly<Record<Phase, string>> = {
  inactive: "inactive",
  pending: "pending",
  firing: "firing",
  keptFiring: "kept firing",
  resolved: "resolved",
};

interface History {
  readonly window: TimeWindow;
  readonly data: HistoryData;
  readonly standing: StandingData;
  readonly warnings: readonly string[];
}

type State =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly error: Error }
  | { readonly kind: "loaded"; readonly history: History };

export function AlertHistory({ alertName }: { alertName: string }) {
  const [rangeMs, setRangeMs] = useState(3_600_000);
  const state = useHistory(alertName, rangeMs);
  return (
    <div class="history">
      <div class="row end">
        <div class="segments plain" role="group" aria-label="Range of the history">
          {RANGES.map(([title, ms]) => (
            <button
              key={title}
              type="button"
              aria-pressed={ms === rangeMs}
              onClick={() => setRangeMs(ms)}
            >
              {title}
            </button>
          ))}
        </div>
      </div>
      {state.kind === "loading" && <p class="muted" aria-busy="true">Loading…</p>}
      {state.kind === "failed" && <Failure error={state.error} />}
      {state.kind === "loaded" && <Timeline history={state.history} />}
    </div>
  );
}

function useHistory(alertName: string, rangeMs: number): State {
  const [state, setState] = useState<State>({ kind: "loading" });
  useEffect(() => {
    const controller = new AbortController();
    const load = async () => {
      try {
        const history = await loadHistory(alertName, rangeMs, controller.signal);
        setState({ kind: "loaded", history });
      } catch (error) {
        if (!controller.signal.aborted) setState({ kind: "failed", error: error as Error });
      }
    };
    load();
    const timer = setInterval(() => document.visibilityState === "visible" && load(), REFRESH_MS);
    return () => {
      clearInterval(timer);
      controller.abort();
    };
  }, [alertName, rangeMs]);
  return state;
}

async function loadHistory(alertName: string, rangeMs: number, signal: AbortSignal): Promise<History> {
  const endMs = Date.now();
  const window = { startMs: endMs - rangeMs, endMs };
  const match = { "match[]": selectorOf(alertName) };
  const start = String(window.startMs / 1000);
  const [history, standing] = await Promise.all([
    callApi<HistoryData>("narthex/alerts/history", {
      parameters: { ...match, start, limit: String(TRANSITIONS_MAX) },
      signal,
    }),
    callApi<StandingData>("narthex/alerts/at", { parameters: { ...match, time: start }, signal }),
  ]);
  return { window, data: history.data, standing: standing.data, warnings: history.warnings };
}

function Timeline({ history: { window, data, standing, warnings } }: { history: History }) {
  const { timeZone } = useSettings();
  const rows = useMemo(
    () => timelineOf(standing.alerts, data.transitions, window),
    [data, standing, window],
  );
  const completeMs = data.completeSince === null ? undefined : Date.parse(data.completeSince);
  const known = completeMs === undefined || completeMs <= window.startMs;
  if (rows.length === 0 && data.transitions.length === 0) {
    return <p class="empty">Nothing happened to this alert in this time.</p>;
  }
  return (
    <>
      <ol class="timeline" aria-label="States over time">
        {rows.slice(-ROWS_MAX).map(({ labels, spans }) => {
          const { alertname: _name, ...others } = labels;
          return (
            <li key={metricText(labels)}>
              <span class="timeline-labels" title={metricText(others)}>
                <MetricName metric={others} />
              </span>
              <span class="track">
                {spans.map((span) => <Bar key={span.startMs} span={span} window={window} />)}
              </span>
            </li>
          );
        })}
      </ol>
      <div class="timeline-axis muted" aria-hidden="true">
        <span>{formatTime(window.startMs, timeZone)}</span>
        <span class="timeline-legend">
          <i class="pending" /> pending <i class="firing" /> firing <i class="keptFiring" /> kept firing
        </span>
        <span>now</span>
      </div>
      {rows.length > ROWS_MAX && <p class="muted">{rows.length - ROWS_MAX} more alerts.</p>}
      {!known && (
        <p class="message info">
          The journal of this alert is complete since {formatTime(completeMs!, timeZone)} only.
        </p>
      )}
      {warnings.map((warning) => <p key={warning} class="message warning">{warning}</p>)}
      <Transitions transitions={data.transitions} />
    </>
  );
}

function Bar({ span, window }: { span: Span; window: TimeWindow }) {
  const { timeZone } = useSettings();
  const lengthMs = window.endMs - window.startMs;
  const left = (100 * (span.startMs - window.startMs)) / lengthMs;
  const width = (100 * (span.endMs - span.startMs)) / lengthMs;
  const title = `${PHASE_TEXTS[span.phase]} for ${formatDuration(span.endMs - span.startMs)}\n` +
    `${formatTime(span.startMs, timeZone)} – ${formatTime(span.endMs, timeZone)}`;
  return <span class={`span ${span.phase}`} style={`left:${left}%;width:${width}%`} title={title} />;
}

function Transitions({ transitions }: { transitions: readonly Transition[] }) {
  const { timeZone } = useSettings();
  return (
    <div class="scroll">
      <table class="results transitions">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">State</th>
            <th scope="col">Why</th>
            <th scope="col">Labels</th>
            <th scope="col" class="value">Value</th>
          </tr>
        </thead>
        <tbody>
          {transitions.slice(-ROWS_MAX).reverse().map((one, index) => {
            const { alertname: _name, ...labels } = one.labels;
            return (
              <tr key={`${one.time} ${index}`}>
                <td class="time">{formatTime(Date.parse(one.time), timeZone)}</td>
                <td class="time">
                  <span class="muted">{PHASE_TEXTS[one.from]} →</span> {PHASE_TEXTS[one.to]}
                </td>
                <td class="why">{one.reason}</td>
                <td>
                  <MetricName metric={labels} />
                </td>
                <td class="value" title={one.value}>
                  {formatSi(Number(one.value.replace("Inf", "Infinity")))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
