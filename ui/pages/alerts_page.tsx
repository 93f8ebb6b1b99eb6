/** Every alerting rule with its alerts: which are on, since when, what they say, and what happened to them. */
import { useState } from "preact/hooks";
import { useApi } from "../api.ts";
import { formatAgo, formatCount, formatSi, formatTime } from "../format.ts";
import { LabelChips, Loaded } from "../parts.tsx";
import { useSettings } from "../settings.ts";
import { AlertHistory } from "./alert_history.tsx";
import {
  type ActiveAlert,
  alertCounts,
  type AlertingRule,
  type AlertState,
  type RuleGroup,
  ruleMatches,
  type RulesData,
  sortedAlerts,
} from "./rules_data.ts";
import { Definition } from "./rules_page.tsx";

type Filter = "all" | AlertState;
const FILTERS: readonly Filter[] = ["all", "firing", "pending", "inactive", "unknown"];
const REFRESH_MS = 5_000;
/** Of one rule; more would make the page slow, and a filter finds what is looked for. */
const ROWS_MAX = 200;

interface AlertmanagersData {
  readonly activeAlertmanagers: readonly { readonly url: string }[];
}

export function AlertsPage() {
  const state = useApi<RulesData>("rules?type=alert", REFRESH_MS);
  const [filter, setFilter] = useState<Filter>("all");
  const [text, setText] = useState("");
  const groups = state.kind === "loaded" ? state.answer.data.groups : [];
  const counts = alertCounts(groups.flatMap(({ rules }) => rules));
  return (
    <>
      <h1>Alerts</h1>
      <div class="row filters">
        <div class="segments" role="group" aria-label="Filter by state">
          {FILTERS.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={filter === name}
              onClick={() => setFilter(name)}
            >
              {name}
              {name !== "all" && counts[name] > 0 && <span class="count">{counts[name]}</span>}
            </button>
          ))}
        </div>
        <input
          type="search"
          placeholder="Filter by name, labels or annotations"
          aria-label="Filter alerts by name, labels or annotations"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <Receivers />
      </div>
      <Loaded state={state}>
        {(data) => <Groups groups={data.groups} filter={filter} text={text.trim().toLowerCase()} />}
      </Loaded>
    </>
  );
}

/** Who is told. */
function Receivers() {
  const state = useApi<AlertmanagersData>("alertmanagers", REFRESH_MS);
  if (state.kind !== "loaded") return null;
  const urls = state.answer.data.activeAlertmanagers.map(({ url }) => url);
  return (
    <span class="muted receivers" title={urls.join("\n")}>
      {urls.length === 0 ? "No Alertmanager is told" : `Sent to ${formatCount(urls.length, "Alertmanager")}`}
    </span>
  );
}

function Groups({ groups, filter, text }: { groups: readonly RuleGroup[]; filter: Filter; text: string }) {
  const all = groups.flatMap((group) =>
    group.rules.flatMap((rule) => rule.type === "alerting" ? [{ group, rule }] : [])
  );
  if (all.length === 0) {
    return (
      <p class="card notice">
        No alerting rules. Name files with some under <code>rule_files</code> in the configuration.
      </p>
    );
  }
  const found = all.filter(({ rule }) =>
    (filter === "all" || rule.state === filter) && ruleMatches(rule, text)
  );
  if (found.length === 0) return <p class="card notice">No alert matches the filter.</p>;
  const byGroup = Map.groupBy(found, ({ group }) => `${group.file};${group.name}`);
  return (
    <>
      {[...byGroup].map(([key, rows]) => (
        <section key={key} class="card pool alerts">
          <header>
            <h2>{rows[0]!.group.name}</h2>
            <span class="muted file" title={rows[0]!.group.file}>{rows[0]!.group.file}</span>
          </header>
          <ul class="targets">
            {rows.map(({ rule }, index) => <RuleRow key={`${index} ${rule.name}`} rule={rule} />)}
          </ul>
        </section>
      ))}
    </>
  );
}

function RuleRow({ rule }: { rule: AlertingRule }) {
  // What needs somebody is open at once.
  const [opened, setOpened] = useState<boolean | undefined>(undefined);
  const open = opened ?? rule.state === "firing";
  const firing = rule.alerts.filter(({ state }) => state === "firing").length;
  const pending = rule.alerts.length - firing;
  return (
    <li class={`alert-rule ${rule.state}`}>
      <button type="button" class="rule-head" aria-expanded={open} onClick={() => setOpened(!open)}>
        <span class={`badge ${rule.state}`}>{rule.state}</span>
        <strong class="rule-name">{rule.name}</strong>
        <span class="muted rule-counts">
          {firing > 0 && <span>{firing} firing</span>}
          {pending > 0 && <span>{pending} pending</span>}
        </span>
      </button>
      {open && <RuleBody rule={rule} />}
    </li>
  );
}

function RuleBody({ rule }: { rule: AlertingRule }) {
  const [history, setHistory] = useState(false);
  const labels = rule.labels ?? {};
  const alerts = sortedAlerts(rule.alerts);
  return (
    <div class="rule-body">
      <Definition rule={rule} />
      {Object.keys(labels).length > 0 && <LabelChips labels={labels} />}
      {rule.lastError !== undefined && rule.lastError !== "" && <p class="message error">{rule.lastError}</p>}
      {alerts.length > 0 && (
        <div class="scroll">
          <table class="results active-alerts">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Labels and annotations</th>
                <th scope="col">Since</th>
                <th scope="col" class="value">Value</th>
              </tr>
            </thead>
            <tbody>
              {alerts.slice(0, ROWS_MAX).map((alert) => (
                <AlertRow key={JSON.stringify(alert.labels)} alert={alert} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {alerts.length > ROWS_MAX && <p class="muted">{formatCount(alerts.length - ROWS_MAX, "alert")} more.
      </p>}
      <button type="button" class="link" aria-expanded={history} onClick={() => setHistory(!history)}>
        {history ? "Hide history" : "Show history"}
      </button>
      {history && <AlertHistory alertName={rule.name} />}
    </div>
  );
}

function AlertRow({ alert }: { alert: ActiveAlert }) {
  const { timeZone } = useSettings();
  // The name stands above already.
  const { alertname: _name, ...labels } = alert.labels;
  const activeMs = Date.parse(alert.activeAt);
  const kept = alert.keepFiringSince;
  return (
    <tr>
      <td>
        <span class={`badge ${alert.state}`}>{alert.state}</span>
      </td>
      <td>
        <LabelChips labels={labels} />
        {Object.entries(alert.annotations).map(([name, value]) => (
          <p key={name} class="annotation">
            <span class="muted">{name}</span> {value}
          </p>
        ))}
      </td>
      <td class="since">
        <span title={formatTime(activeMs, timeZone)}>{formatAgo(activeMs, Date.now())}</span>
        {kept !== undefined && (
          <span class="muted" title={formatTime(Date.parse(kept), timeZone)}>
            kept firing since {formatAgo(Date.parse(kept), Date.now())}
          </span>
        )}
      </td>
      <td class="value" title={alert.value}>{formatSi(numberOf(alert.value))}</td>
    </tr>
  );
}

/** As Go writes numbers. */
function numberOf(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}
