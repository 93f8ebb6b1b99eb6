/**
 * Collected samples by metric family, and their text exposition (0.0.4). Written as client_golang writes it:
 * families by name, samples by label values, labels by name, values as Go's 'g'.
 */
import { compareUtf8, labelsFromRecord, labelsKey } from "../../model/labels.ts";
import { formatFloatG } from "../../model/float.ts";

export type FamilyType = "counter" | "gauge" | "untyped";

interface Family {
  readonly type: FamilyType;
  readonly help: string;
  /** By the label set, so that a family never holds one series twice. */
  readonly samples: Map<string, { readonly labels: readonly string[]; readonly value: number }>;
}

export type SampleLabels = Readonly<Record<string, string>>;

const NO_LABELS: SampleLabels = {};

export class Families {
  readonly #byName = new Map<string, Family>();

  counter(name: string, help: string, value: number, labels: SampleLabels = NO_LABELS): void {
    this.#add(name, "counter", help, value, labels);
  }

  gauge(name: string, help: string, value: number, labels: SampleLabels = NO_LABELS): void {
    this.#add(name, "gauge", help, value, labels);
  }

  untyped(name: string, help: string, value: number, labels: SampleLabels = NO_LABELS): void {
    this.#add(name, "untyped", help, value, labels);
  }

  /** The first type and help of a family stand; the last value of a series does. */
  #add(name: string, type: FamilyType, help: string, value: number, labels: SampleLabels): void {
    let family = this.#byName.get(name);
    if (family === undefined) {
      family = { type, help, samples: new Map() };
      this.#byName.set(name, family);
    }
    const names = Object.keys(labels).sort(compareUtf8);
    const flat = names.flatMap((label) => [label, labels[label]!]);
    family.samples.set(labelsKey(labelsFromRecord(labels)), { labels: flat, value });
  }

  text(): Uint8Array<ArrayBuffer> {
    const lines: string[] = [];
    for (const name of [...this.#byName.keys()].sort(compareUtf8)) {
      const family = this.#byName.get(name)!;
      lines.push(`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.type}`);
      const samples = [...family.samples.values()].sort((a, b) => compareValues(a.labels, b.labels));
      for (const sample of samples) {
        lines.push(`${name}${labelsText(sample.labels)} ${formatFloatG(sample.value)}`);
      }
    }
    return new TextEncoder().encode(lines.join("\n") + "\n");
  }
}

/** As client_golang sorts the metrics of a family: fewer labels first, then by the values in turn. */
function compareValues(a: readonly string[], b: readonly string[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 1; i < a.length; i += 2) {
    const order = compareUtf8(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

function labelsText(labels: readonly string[]): string {
  if (labels.length === 0) return "";
  const pairs: string[] = [];
  for (let i = 0; i < labels.length; i += 2) pairs.push(`${labels[i]}="${escapeValue(labels[i + 1]!)}"`);
  return `{${pairs.join(",")}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
