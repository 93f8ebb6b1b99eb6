/** `--diff`: expected and got alerts as one JSON text, with what is missing red, what is new green, what changed yellow. */
import type { Labels } from "../model/labels.ts";
import type { ShownAlert } from "./alert_check.ts";

const REMOVED = "\x1b[0;31m";
const ADDED = "\x1b[0;32m";
const CHANGED = "\x1b[0;33m";
const END = "\x1b[0m";
const INDENT = "    ";

export function alertsDiff(expected: readonly ShownAlert[], got: readonly ShownAlert[]): string {
  const lines: string[] = [];
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    const [wanted, found] = [expected[i], got[i]];
    const comma = i + 1 < Math.max(expected.length, got.length) ? "," : "";
    if (wanted !== undefined && found !== undefined) {
      const parts = [
        `${INDENT}${INDENT}"Annotations": ${mapDiff(wanted.annotations, found.annotations)},`,
        `${INDENT}${INDENT}"Labels": ${mapDiff(wanted.labels, found.labels)}`,
      ];
      lines.push([`${INDENT}{`, ...parts, `${INDENT}}${comma}`].join("\n"));
    } else {
      const only = (wanted ?? found)!;
      const colour = wanted === undefined ? ADDED : REMOVED;
      const text = `{"Annotations": ${mapText(only.annotations)}, "Labels": ${mapText(only.labels)}}`;
      lines.push(`${INDENT}${colour}${text}${END}${comma}`);
    }
  }
  return ["[", ...lines, "]"].join("\n");
}

function mapDiff(wanted: Labels, found: Labels): string {
  const [before, after] = [mapOf(wanted), mapOf(found)];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  if (names.length === 0) return "{}";
  const lines = names.map((name, i) => {
    const line = entryDiff(name, before.get(name), after.get(name));
    return `${INDENT.repeat(3)}${line}${i + 1 < names.length ? "," : ""}`;
  });
  return ["{", ...lines, `${INDENT.repeat(2)}}`].join("\n");
}

function entryDiff(name: string, wanted: string | undefined, found: string | undefined): string {
  const key = JSON.stringify(name);
  if (wanted === found) return `${key}: ${JSON.stringify(wanted)}`;
  if (wanted === undefined) return `${ADDED}${key}: ${JSON.stringify(found)}${END}`;
  if (found === undefined) return `${REMOVED}${key}: ${JSON.stringify(wanted)}${END}`;
  return `${key}: ${CHANGED}${JSON.stringify(wanted)} => ${JSON.stringify(found)}${END}`;
}

function mapOf(labels: Labels): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < labels.length; i += 2) map.set(labels[i]!, labels[i + 1]!);
  return map;
}

function mapText(labels: Labels): string {
  return JSON.stringify(Object.fromEntries(mapOf(labels)));
}
