/** Every target by pool: is it up, when was it scraped, and what exactly went wrong. */
import { useMemo, useState } from "preact/hooks";
import { type Metric, useApi } from "../api.ts";
import { formatAgo, formatCount, formatShortMs, formatTime } from "../format.ts";
import { LabelChips, Loaded } from "../parts.tsx";
import { useSettings } from "../settings.ts";

interface Target {
  readonly discoveredLabels: Metric;
  readonly labels: Metric;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly globalUrl: string;
  readonly lastError: string;
  readonly lastScrape: string;
  readonly lastScrapeDuration: number;
  readonly health: "up" | "down" | "unknown";
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

interface TargetsData {
  readonly activeTargets: readonly Target[];
}

type Health = "all" | Target["health"];
const HEALTHS: readonly Health[] = ["all", "up", "down", "unknown"];
const REFRESH_MS = 5_000;
/** Of one pool; more would make the page slow, and a filter finds what is looked for. */
const ROWS_MAX = 500;

export function TargetsPage() {
  const state = useApi<TargetsData>("targets?state=active", REFRESH_MS);
  const [health, setHealth] = useState<Health>("all");
  const [text, setText] = useState("");
  return (
    <>
      <h1>Targets</h1>
      <div class="row filters">
        <div class="segments" role="group" aria-label="Filter by health">
          {HEALTHS.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={health === name}
              onClick={() => setHealth(name)}
            >
              {name}
            </button>
          ))}
        </div>
        <input
          type="search"
          placeholder="Filter by endpoint or labels"
          aria-label="Filter targets by endpoint or labels"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <Loaded state={state}>
        {({ activeTargets }) => <Pools targets={activeTargets} health={health} text={text.toLowerCase()} />}
      </Loaded>
    </>
  );
}

function Pools({ targets, health, text }: { targets: readonly Target[]; health: Health; text: string }) {
  const pools = useMemo(() => Map.groupBy(targets, (target) => target.scrapePool), [targets]);
  const matches = (target: Target) =>
    (health === "all" || target.health === health) &&
    (text === "" ||
      `${target.scrapeUrl} ${Object.entries(target.labels).map((pair) => pair.join("=")).join(" ")}`
        .toLowerCase().includes(text));
  if (targets.length === 0) {
    return (
      <p class="card notice">
        No targets. Add some under <code>scrape_configs</code> in the configuration.
      </p>
    );
  }
  const shown = [...pools].map(([pool, all]) => ({ pool, all, found: all.filter(matches) }))
    .filter(({ found }) => found.length > 0);
  if (shown.length === 0) return <p class="card notice">No target matches the filter.</p>;
  return <>{shown.map((pool) => <Pool key={pool.pool} {...pool} />)}</>;
}

function Pool(props: { pool: string; all: readonly Target[]; found: readonly Target[] }) {
  const { pool, all, found } = props;
  const upCount = all.filter((target) => target.health === "up").length;
  return (
    <details class="card pool" open>
      <summary>
        <h2>{pool}</h2>
        <span class={`ratio ${upCount === all.length ? "up" : upCount === 0 ? "down" : "some"}`}>
          <meter min={0} max={all.length} value={upCount} aria-hidden="true" />
          {upCount} of {all.length} up
        </span>
      </summary>
      <ul class="targets">
        {found.slice(0, ROWS_MAX).map((target) => (
          <TargetRow key={`${target.scrapeUrl} ${JSON.stringify(target.labels)}`} target={target} />
        ))}
      </ul>
      {found.length > ROWS_MAX && (
        <p class="muted">{formatCount(found.length - ROWS_MAX, "target")} more: use the filter.</p>
      )}
    </details>
  );
}

function TargetRow({ target }: { target: Target }) {
  const { timeZone } = useSettings();
  const [discovered, setDiscovered] = useState(false);
  const lastMs = Date.parse(target.lastScrape);
  // Never scraped: Go's zero time.
  const scraped = lastMs > 0;
  return (
    <li class="target">
      <div class="target-head">
        <span class={`badge ${target.health}`}>{target.health}</span>
        <a class="endpoint" href={target.globalUrl || target.scrapeUrl}>{target.scrapeUrl}</a>
      </div>
      <dl class="times">
        <div>
          <dt>Last scrape</dt>
          <dd title={scraped ? formatTime(lastMs, timeZone) : ""}>
            {scraped ? formatAgo(lastMs, Date.now()) : "never"}
          </dd>
        </div>
        <div>
          <dt>Took</dt>
          <dd>{scraped ? formatShortMs(target.lastScrapeDuration * 1000) : "–"}</dd>
        </div>
        <div>
          <dt>Interval</dt>
          <dd>{target.scrapeInterval}</dd>
        </div>
        <div>
          <dt>Timeout</dt>
          <dd>{target.scrapeTimeout}</dd>
        </div>
      </dl>
      <div class="target-labels">
        <LabelChips labels={target.labels} />
        <button
          type="button"
          class="link"
          aria-expanded={discovered}
          onClick={() => setDiscovered(!discovered)}
        >
          {discovered ? "Hide" : "Show"} discovered labels
        </button>
        {discovered && <LabelChips labels={target.discoveredLabels} />}
      </div>
      {target.lastError !== "" && <p class="message error">{target.lastError}</p>}
    </li>
  );
}
