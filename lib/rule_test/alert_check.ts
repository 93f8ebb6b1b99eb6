/** The alerts that fire against those that a test expects: label sets and annotations, in any order. */
import { compareLabels, type Labels } from "../model/labels.ts";
import type { AlertCase } from "./test_file.ts";
import { indented, labelsText } from "./go_texts.ts";
import { compareUtf8 } from "../model/labels.ts";

/** Pairs as they are: an empty value that a test expects is one. */
export interface ShownAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** Ordered as promtool compares them. */
export function sortAlerts(alerts: readonly ShownAlert[]): readonly ShownAlert[] {
  return alerts.toSorted((a, b) =>
    compareLabels(a.labels, b.labels) || compareLabels(a.annotations, b.annotations)
  );
}

/** The name is not a label that the test has to name. */
export function expectedAlerts({ alertname, exp_alerts }: AlertCase): readonly ShownAlert[] {
  return sortAlerts(exp_alerts.map(({ exp_labels, exp_annotations }) => ({
    labels: pairsOf([...exp_labels, ["alertname", alertname]]),
    annotations: pairsOf(exp_annotations),
  })));
}

/** Sorted by name, the last of equal names; empty values stay. */
export function pairsOf(pairs: Iterable<readonly [name: string, value: string]>): Labels {
  return [...new Map(pairs)].sort(([a], [b]) => compareUtf8(a, b)).flat();
}

export function sameAlerts(a: readonly ShownAlert[], b: readonly ShownAlert[]): boolean {
  return a.length === b.length &&
    a.every(({ labels, annotations }, i) =>
      sameTexts(labels, b[i]!.labels) && sameTexts(annotations, b[i]!.annotations)
    );
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

export function alertsText(alerts: readonly ShownAlert[]): string {
  if (alerts.length === 0) return "[]";
  const items = alerts.map(({ labels, annotations }, i) => {
    const text = `\nLabels:${labelsText(labels)}\nAnnotations:${labelsText(annotations)}`;
    return `${i}:${indented(text, "  ")}`;
  });
  return `[\n${items.join(",\n")}\n]`;
}
