/** Every rule by group: is it well, when was it evaluated, what it took, and what exactly went wrong. */
import { useState } from "preact/hooks";
import { useApi } from "../api.ts";
import { formatAgo, formatCount, formatDuration, formatShortMs, formatTime } from "../format.ts";
import { LabelChips, Loaded } from "../parts.tsx";
import { href, navigate } from "../routing.ts";
import { useSettings } from "../settings.ts";
import { graphPath, type Rule, type RuleGroup, ruleMatches, type RulesData } from "./rules_data.ts";

type Health = "all" | Rule["health"];
const HEALTHS: readonly (readonly [health: Health, title: string])[] = [
  ["all", "all"],
  ["ok", "ok"],
  ["err", "failing"],
  ["unknown", "unknown"],
];
const REFRESH_MS = 5_000;
/** Of one group; more would make the page slow, and a filter finds what is looked for. */
const ROWS_MAX = 500;

export function RulesPage() {
  const state = useApi<RulesData>("rules?exclude_alerts=true", REFRESH_MS);
  const [health, setHealth] = useState<Health>("all");
  const [text, setText] = useState("");
  return (
    <>
      <h1>Rules</h1>
      <div class="row filters">
        <div class="segments" role="group" aria-label="Filter by health">
          {HEALTHS.map(([name, title]) => (
            <button
              key={name}
              type="button"
              aria-pressed={health === name}
              onClick={() => setHealth(name)}
            >
              {title}
            </button>
          ))}
        </div>
        <input
          type="search"
          placeholder="Filter by name, expression or labels"
          aria-label="Filter rules by name, expression or labels"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <Loaded state={state}>
        {({ groups }) => <Groups groups={groups} health={health} text={text.toLowerCase()} />}
      </Loaded>
    </>
  );
}

function Groups({ groups, health, text }: { groups: readonly RuleGroup[]; health: Health; text: string }) {
  if (groups.length === 0) {
    return (
      <p class="card notice">
        No rules. Name files with some under <code>rule_files</code> in the configuration.
      </p>
    );
  }
  const shown = groups.map((group) => ({ group, found: group.rules.filter(matches) }))
    .filter(({ found }) => found.length > 0);
  if (shown.length === 0) return <p class="card notice">No rule matches the filter.</p>;
  return <>{shown.map(({ group, found }) => <Group key={keyOf(group)} group={group} found={found} />)}</>;

  function matches(rule: Rule): boolean {
    // Alerts are not asked for here.
    const alone = rule.type === "alerting" ? { ...rule, alerts: [] } : rule;
    return (health === "all" || rule.health === health) && ruleMatches(alone, text);
  }
}

function keyOf({ file, name }: RuleGroup): string {
  return `${file};${name}`;
}

function Group({ group, found }: { group: RuleGroup; found: readonly Rule[] }) {
  const failing = group.rules.filter(({ health }) => health === "err").length;
  const okCount = group.rules.filter(({ health }) => health === "ok").length;
  return (
    <details class="card pool" open>
      <summary>
        <h2>{group.name}</h2>
        <span class="muted file" title={group.file}>{group.file}</span>
        <span class={`ratio ${failing > 0 ? "down" : okCount === group.rules.length ? "up" : "some"}`}>
          {failing > 0
            ? `${failing} of ${formatCount(group.rules.length, "rule")} failing`
            : `${formatCount(group.rules.length, "rule")}`}
        </span>
      </summary>
      <div class="group-times">
        <Times
          lastEvaluation={group.lastEvaluation}
          tookS={group.evaluationTime}
          more={[
            ["Interval", formatDuration(group.interval * 1000)],
            ...(group.limit > 0 ? [["Limit", String(group.limit)] as const] : []),
          ]}
        />
      </div>
      <ul class="targets">
        {found.slice(0, ROWS_MAX).map((rule, index) => <RuleRow key={`${index} ${rule.name}`} rule={rule} />)}
      </ul>
      {found.length > ROWS_MAX && (
        <p class="muted">{formatCount(found.length - ROWS_MAX, "rule")} more: use the filter.</p>
      )}
    </details>
  );
}

function Times(props: {
  lastEvaluation: string;
  tookS: number;
  more: readonly (readonly [title: string, value: string])[];
}) {
  const { timeZone } = useSettings();
  const lastMs = Date.parse(props.lastEvaluation);
  // Never evaluated: Go's zero time.
  const evaluated = lastMs > 0;
  return (
    <dl class="times">
      <div>
        <dt>Last evaluation</dt>
        <dd title={evaluated ? formatTime(lastMs, timeZone) : ""}>
          {evaluated ? formatAgo(lastMs, Date.now()) : "never"}
        </dd>
      </div>
      <div>
        <dt>Took</dt>
        <dd>{evaluated ? formatShortMs(props.tookS * 1000) : "–"}</dd>
      </div>
      {props.more.map(([title, value]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const HEALTH_BADGES: Readonly<Record<Rule["health"], readonly [look: string, text: string]>> = {
  ok: ["up", "ok"],
  err: ["down", "failing"],
  unknown: ["unknown", "unknown"],
};

function RuleRow({ rule }: { rule: Rule }) {
  const [look, text] = HEALTH_BADGES[rule.health];
  const labels = rule.labels ?? {};
  return (
    <li class="target rule">
      <div class="target-head">
        <span class={`badge ${look}`}>{text}</span>
        <strong class="rule-name">{rule.name}</strong>
        <span class="muted">{rule.type === "alerting" ? "alert" : "record"}</span>
      </div>
      <Times lastEvaluation={rule.lastEvaluation} tookS={rule.evaluationTime} more={[]} />
      <Definition rule={rule} />
      {Object.keys(labels).length > 0 && (
        <div class="target-labels">
          <LabelChips labels={labels} />
        </div>
      )}
      {rule.lastError !== undefined && rule.lastError !== "" && <p class="message error">{rule.lastError}</p>}
    </li>
  );
}

/** The expression as a link to its graph, and how long it must hold. */
export function Definition({ rule }: { rule: Rule }) {
  const path = graphPath(rule.query);
  const open = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate(path);
  };
  return (
    <div class="definition">
      <a class="expr" href={href(path)} onClick={open} title="Show as a graph">{rule.query}</a>
      {rule.type === "alerting" && rule.duration > 0 && (
        <span class="muted">for {formatDuration(rule.duration * 1000)}</span>
      )}
      {rule.type === "alerting" && rule.keepFiringFor > 0 && (
        <span class="muted">kept firing for {formatDuration(rule.keepFiringFor * 1000)}</span>
      )}
    </div>
  );
}
