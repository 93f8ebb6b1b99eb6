/** `rules`, `alerts` and `alertmanagers`, as Prometheus answers them: filters, pages of groups, and its texts. */
import { createHash } from "node:crypto";
import { compareUtf8, type Labels, quoteGo } from "../model/labels.ts";
import { type Matcher, matchesLabels } from "../model/matchers.ts";
import { groupKey, type RuleGroup } from "../rules/rule.ts";
import type { RuleGroupView, RuleView } from "../rules/view.ts";
import { invalidParameter } from "./errors.ts";
import { quoteJson } from "./json_writer.ts";
import { matcherSetsOf, type Params, parseInteger, withParameter } from "./params.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { Call } from "./route.ts";
import { alertJson, groupJson, type RulesJsonOptions } from "./rules_json.ts";

export async function rules(call: Call): Promise<Reply> {
  const params = await call.params();
  const shows = ruleFilter(params);
  const options: RulesJsonOptions = { alerts: excludesAlerts(params) ? "excluded" : "listed" };
  const { limit, token } = pageOf(params);
  const [names, files] = [new Set(params.all("rule_group[]")), new Set(params.all("file[]"))];

  const shown: string[] = [];
  let next = "";
  let found = token === "";
  for (const view of await sortedGroups(call)) {
    const { group } = view;
    found ||= tokenOf(group) === token;
    if (!found) continue;
    if (names.size > 0 && !names.has(group.name)) continue;
    if (files.size > 0 && !files.has(group.file)) continue;
    const rules = view.rules.filter(shows);
    if (rules.length === 0) continue; // as Prometheus: also a group that has none
    if (limit !== undefined && shown.length === limit) {
      next = tokenOf(group);
      break;
    }
    shown.push(groupJson(view, rules, options));
  }
  if (!found) {
    const reason = `invalid group_next_token '${token}'. were rule groups changed?`;
    throw invalidParameter("group_next_token", reason);
  }
  const more = next === "" ? "" : `,"groupNextToken":"${next}"`;
  return jsonReply(`{"groups":[${shown.join(",")}]${more}}`);
}

export async function alerts(call: Call): Promise<Reply> {
  const groups = await sortedGroups(call);
  const rows = groups.flatMap((group) => group.rules.flatMap((rule) => rule.alerts.map(alertJson)));
  return jsonReply(`{"alerts":[${rows.join(",")}]}`);
}

export async function alertmanagers(call: Call): Promise<Reply> {
  const { active, dropped } = await call.deps.alertmanagers();
  const rows = (urls: readonly string[]) => urls.map((url) => `{"url":${quoteJson(url)}}`).join(",");
  return jsonReply(`{"activeAlertmanagers":[${rows(active)}],"droppedAlertmanagers":[${rows(dropped)}]}`);
}

/** By file, then by name, as Prometheus sorts them. */
async function sortedGroups(call: Call): Promise<readonly RuleGroupView[]> {
  const groups = await call.deps.rules.groups();
  return [...groups].sort(({ group: a }, { group: b }) =>
    compareUtf8(a.file, b.file) || compareUtf8(a.name, b.name)
  );
}

function ruleFilter(params: Params): (view: RuleView) => boolean {
  const type = params.get("type").toLowerCase();
  if (type !== "" && type !== "alert" && type !== "record") {
    throw invalidParameter("type", `not supported value ${quoteGo(type)}`);
  }
  const names = new Set(params.all("rule_name[]"));
  const matcherSets = withParameter("match[]", () => matcherSetsOf(params.all("match[]")));
  return ({ rule }) => {
    if (type === "alert" && rule.kind !== "alerting") return false;
    if (type === "record" && rule.kind !== "recording") return false;
    if (names.size > 0 && !names.has(rule.name)) return false;
    return matcherSets.length === 0 || matchesAny(matcherSets, rule.labels.flat());
  };
}

/** As the rule has them in its file: templates are not expanded. */
function matchesAny(matcherSets: readonly (readonly Matcher[])[], labels: Labels): boolean {
  return matcherSets.some((matchers) => matchesLabels(matchers, labels));
}

const TRUE: ReadonlySet<string> = new Set(["1", "t", "true"]);
const FALSE: ReadonlySet<string> = new Set(["", "0", "f", "false"]);

function excludesAlerts(params: Params): boolean {
  const text = params.get("exclude_alerts").toLowerCase();
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  const reason = `error converting exclude_alerts: strconv.ParseBool: parsing ${
    quoteGo(text)
  }: invalid syntax`;
  throw invalidParameter("exclude_alerts", reason);
}

function pageOf(params: Params): { readonly limit: number | undefined; readonly token: string } {
  const text = params.get("group_limit");
  const token = params.get("group_next_token");
  if (text === "") {
    if (token === "") return { limit: undefined, token };
    const reason = "group_limit needs to be present in order to paginate over the groups";
    throw invalidParameter("group_next_token", reason);
  }
  const limit = parseInteger(text);
  if (limit === undefined) {
    const reason = `group_limit needs to be a valid number: strconv.ParseInt: parsing ${
      quoteGo(text)
    }: invalid syntax`;
    throw invalidParameter("group_limit", reason);
  }
  if (limit <= 0) throw invalidParameter("group_limit", "group_limit needs to be greater than 0");
  return { limit, token };
}

/** Of the page that begins with the group. */
function tokenOf(group: RuleGroup): string {
  return createHash("sha256").update(groupKey(group)).digest("hex");
}
