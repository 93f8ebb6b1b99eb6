/** The query page: panels that stand in the address, examples for a first visit, and a refresh for live graphs. */
import { useEffect, useRef, useState } from "preact/hooks";
import { PlusIcon } from "../icons.tsx";
import { useLocation } from "../routing.ts";
import { EXAMPLES } from "./examples.ts";
import { Panel } from "./panel.tsx";
import { decodePanels, EMPTY_PANEL, encodePanels, type PanelState } from "./url_state.ts";

interface KeyedPanel {
  readonly key: number;
  readonly state: PanelState;
}

let lastKey = 0;
function keyed(state: PanelState): KeyedPanel {
  lastKey++;
  return { key: lastKey, state };
}

const REFRESHES: readonly (readonly [ms: number, title: string])[] = [
  [0, "No refresh"],
  [5_000, "Every 5 s"],
  [15_000, "Every 15 s"],
  [60_000, "Every minute"],
];

/** A first visit shows a graph that moves; a link shows what it says. */
const FIRST_REFRESH_MS = 5_000;

export function QueryPage() {
  const { search } = useLocation();
  const [panels, setPanels] = useState<readonly KeyedPanel[]>(() => fromAddress(search));
  const [refreshMs, setRefreshMs] = useState(() => decodePanels(search).length === 0 ? FIRST_REFRESH_MS : 0);
  const [refreshCount, setRefreshCount] = useState(0);
  const written = useRef(search);

  useEffect(() => {
    // Back and forward, or a click on the page's own link: the address leads.
    if (search === written.current) return;
    written.current = search;
    setPanels(fromAddress(search));
  }, [search]);

  useEffect(() => {
    if (refreshMs === 0) return;
    const refresh = () => document.visibilityState === "visible" && setRefreshCount((count) => count + 1);
    const timer = setInterval(refresh, refreshMs);
    return () => clearInterval(timer);
  }, [refreshMs]);

  const update = (next: readonly KeyedPanel[]) => {
    setPanels(next);
    written.current = `?${encodePanels(next.map(({ state }) => state))}`;
    history.pushState(null, "", location.pathname + written.current);
  };

  const first = panels[0]!;
  const showExample = (state: PanelState) => update([{ key: first.key, state }, ...panels.slice(1)]);

  return (
    <>
      <div class="row examples">
        <h1 class="hidden">Query</h1>
        <span class="muted">Examples</span>
        <ul class="chips">
          {EXAMPLES.map(({ title, panel }) => (
            <li key={title}>
              <button
                type="button"
                class="chip"
                aria-pressed={first.state.expr === panel.expr}
                onClick={() => showExample(panel)}
              >
                {title}
              </button>
            </li>
          ))}
        </ul>
        <select
          class="refresh"
          aria-label="Refresh"
          value={String(refreshMs)}
          onChange={(event) => setRefreshMs(Number(event.currentTarget.value))}
        >
          {REFRESHES.map(([ms, title]) => <option key={ms} value={String(ms)}>{title}</option>)}
        </select>
      </div>
      {panels.map(({ key, state }, i) => (
        <Panel
          key={key}
          index={i}
          state={state}
          removable={panels.length > 1}
          refreshCount={refreshCount}
          onChange={(next) =>
            update(panels.map((panel) => (panel.key === key ? { key, state: next } : panel)))}
          onRemove={() => update(panels.filter((panel) => panel.key !== key))}
        />
      ))}
      <button type="button" class="add" onClick={() => update([...panels, keyed(EMPTY_PANEL)])}>
        <PlusIcon /> Add query
      </button>
    </>
  );
}

function fromAddress(search: string): KeyedPanel[] {
  const panels = decodePanels(search);
  return (panels.length === 0 ? [EXAMPLES[0]!.panel] : panels).map(keyed);
}
