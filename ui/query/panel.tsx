/** One query with its result: the editor, the tabs, what came back and what went wrong. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Answer, callApi, type MatrixSeries, type QueryData } from "../api.ts";
import { formatCount, formatShortMs } from "../format.ts";
import { CloseIcon } from "../icons.tsx";
import { Failure } from "../parts.tsx";
import { Chart } from "./chart.tsx";
import { RangeField, ResolutionField, TimeField } from "./controls.tsx";
import { Editor } from "./editor.tsx";
import type { GraphRange } from "./graph_data.ts";
import { addToHistory, readHistory } from "./query_history.ts";
import { ResultTable } from "./result_table.tsx";
import { type PanelState, stepMsOf } from "./url_state.ts";

export interface PanelProps {
  readonly state: PanelState;
  readonly index: number;
  readonly removable: boolean;
  /** Rises when everything that ends now is to be asked again. */
  readonly refreshCount: number;
  readonly onChange: (state: PanelState) => void;
  readonly onRemove: () => void;
}

type Outcome =
  | { readonly kind: "idle" }
  | { readonly kind: "failed"; readonly error: Error }
  | { readonly kind: "table"; readonly answer: Answer<QueryData> }
  | { readonly kind: "graph"; readonly answer: Answer<QueryData>; readonly range: GraphRange };

async function ask(state: PanelState, signal: AbortSignal): Promise<Outcome> {
  if (state.tab === "table") {
    const time = String((state.momentMs ?? Date.now()) / 1000);
    const parameters = { query: state.expr, time };
    const answer = await callApi<QueryData>("query", { method: "POST", parameters, signal });
    return { kind: "table", answer };
  }
  const stepSeconds = stepMsOf(state) / 1000;
  const endMs = state.endMs ?? Date.now();
  // On multiples of the step: a refresh moves the points on instead of making new ones between them.
  const endSeconds = Math.floor(endMs / 1000 / stepSeconds) * stepSeconds;
  const startSeconds = endSeconds - Math.floor(state.rangeMs / 1000 / stepSeconds) * stepSeconds;
  const range = { startSeconds, endSeconds, stepSeconds };
  const answer = await callApi<QueryData>("query_range", {
    method: "POST",
    parameters: {
      query: state.expr,
      start: String(startSeconds),
      end: String(endSeconds),
      step: String(stepSeconds),
    },
    signal,
  });
  return { kind: "graph", answer, range };
}

export function Panel({ state, index, removable, refreshCount, onChange, onRemove }: PanelProps) {
  const draft = useRef(state.expr);
  const [outcome, setOutcome] = useState<Outcome>({ kind: "idle" });
  const [running, setRunning] = useState(false);
  const [runCount, setRunCount] = useState(0);
  const latest = useRef(state);
  latest.current = state;

  const { expr, tab, rangeMs, endMs, momentMs, resolution } = state;
  useEffect(() => {
    if (expr.trim() === "") {
      setOutcome({ kind: "idle" });
      return;
    }
    const controller = new AbortController();
    setRunning(true);
    ask(state, controller.signal).then(
      (next) => setOutcome(next),
      (error: Error) => controller.signal.aborted || setOutcome({ kind: "failed", error }),
    ).finally(() => controller.signal.aborted || setRunning(false));
    return () => controller.abort();
  }, [expr, tab, rangeMs, endMs, momentMs, JSON.stringify(resolution), runCount, refreshCount]);

  const run = (text: string) => {
    addToHistory(text);
    setRunCount(runCount + 1);
    const now = latest.current;
    if (text !== now.expr) onChange({ ...now, expr: text });
  };
  const change = (part: Partial<PanelState>) => onChange({ ...state, ...part });

  return (
    <section class="card panel" aria-label={`Query ${index + 1}`}>
      <div class="query-row">
        <Editor
          committed={state.expr}
          label={`PromQL expression ${index + 1}`}
          onChange={(text) => {
            draft.current = text;
          }}
          onRun={run}
        />
        <HistoryMenu onPick={run} />
        <button type="button" class="primary" aria-busy={running} onClick={() => run(draft.current)}>
          Execute
        </button>
        {removable && (
          <button type="button" class="quiet" aria-label={`Remove query ${index + 1}`} onClick={onRemove}>
            <CloseIcon />
          </button>
        )}
      </div>
      <div class="row panel-bar">
        <div class="segments" role="tablist" aria-label="Result as">
          {(["table", "graph"] as const).map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={tab === name}
              onClick={() => change({ tab: name })}
            >
              {name === "table" ? "Table" : "Graph"}
            </button>
          ))}
        </div>
        {tab === "table"
          ? (
            <TimeField
              label="Evaluation time"
              ms={momentMs}
              jumpMs={600_000}
              onChange={(ms) => change({ momentMs: ms })}
            />
          )
          : (
            <>
              <RangeField rangeMs={rangeMs} onChange={(ms) => change({ rangeMs: ms })} />
              <TimeField
                label="End time"
                ms={endMs}
                jumpMs={rangeMs / 2}
                onChange={(ms) => change({ endMs: ms })}
              />
              <ResolutionField
                resolution={resolution}
                stepMs={stepMsOf(state)}
                onChange={(next) => change({ resolution: next })}
              />
              <label class="check">
                <input
                  type="checkbox"
                  checked={state.stacked}
                  onChange={(event) => change({ stacked: event.currentTarget.checked })}
                />
                Stacked
              </label>
            </>
          )}
        <Figures outcome={outcome} />
      </div>
      <div class={running ? "result running" : "result"} role="tabpanel" aria-busy={running}>
        <Result
          outcome={outcome}
          stacked={state.stacked}
          onZoom={(fromMs, toMs) =>
            change({
              rangeMs: Math.max(1000, Math.round((toMs - fromMs) / 1000) * 1000),
              endMs: Math.round(toMs),
            })}
        />
      </div>
    </section>
  );
}

function Figures({ outcome }: { outcome: Outcome }) {
  if (outcome.kind !== "table" && outcome.kind !== "graph") return null;
  const { data, loadMs } = outcome.answer;
  const count = data.resultType === "vector" || data.resultType === "matrix" ? data.result.length : 1;
  return (
    <span class="figures" aria-live="polite">
      {formatCount(count, "series")} · {formatShortMs(loadMs)}
    </span>
  );
}

interface ResultProps {
  readonly outcome: Outcome;
  readonly stacked: boolean;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

function Result({ outcome, stacked, onZoom }: ResultProps) {
  switch (outcome.kind) {
    case "idle":
      return <p class="empty">Write an expression and press Enter.</p>;
    case "failed":
      return <Failure error={outcome.error} />;
    case "table":
      return (
        <>
          <Notes answer={outcome.answer} />
          <ResultTable data={outcome.answer.data} />
        </>
      );
    case "graph":
      return (
        <>
          <Notes answer={outcome.answer} />
          <Graph data={outcome.answer.data} range={outcome.range} stacked={stacked} onZoom={onZoom} />
        </>
      );
  }
}

interface GraphProps {
  readonly data: QueryData;
  readonly range: GraphRange;
  readonly stacked: boolean;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

function Graph({ data, range, stacked, onZoom }: GraphProps) {
  if (data.resultType !== "matrix") return <p class="empty">Only numbers over time can be drawn.</p>;
  const series: readonly MatrixSeries[] = data.result;
  if (series.length === 0) return <p class="empty">The query has no result in this range.</p>;
  return <Chart series={series} range={range} stacked={stacked} onZoom={onZoom} />;
}

function Notes({ answer }: { answer: Answer<QueryData> }) {
  return (
    <>
      {answer.warnings.map((text) => <p key={text} class="message warning">{text}</p>)}
      {answer.infos.map((text) => <p key={text} class="message info">{text}</p>)}
    </>
  );
}

function HistoryMenu({ onPick }: { onPick: (expr: string) => void }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const [entries, setEntries] = useState<readonly string[]>([]);
  const close = () => menu.current?.removeAttribute("open");
  return (
    <details
      class="menu"
      ref={menu}
      onToggle={() => setEntries(readHistory())}
      onKeyDown={(event) => event.key === "Escape" && close()}
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) close();
      }}
    >
      <summary aria-label="Earlier queries">History</summary>
      <ul>
        {entries.length === 0 && <li class="muted">Queries that you run are listed here.</li>}
        {entries.map((expr) => (
          <li key={expr}>
            <button
              type="button"
              onClick={() => {
                close();
                onPick(expr);
              }}
            >
              {expr}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
