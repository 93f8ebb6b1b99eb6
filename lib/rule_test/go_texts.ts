/** Labels, samples and alerts as promtool writes them in a failure. */
import { formatFloatE } from "../model/float.ts";
import { isLegacyLabelName, type Labels, quoteGo } from "../model/labels.ts";

/** `{__name__="up", job="a"}`: the name is a label like the others. */
export function labelsText(labels: Labels): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    parts.push(`${isLegacyLabelName(name) ? name : quoteGo(name)}=${quoteGo(labels[i + 1]!)}`);
  }
  return `{${parts.join(", ")}}`;
}

/** As Go's `%E`. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return formatFloatE(value).toUpperCase();
}

/** All lines but the first. */
export function indented(text: string, indent: string): string {
  return text.replaceAll("\n", `\n${indent}`);
}
