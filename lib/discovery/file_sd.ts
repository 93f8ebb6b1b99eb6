/**
 * `file_sd_configs`: target groups from JSON and YAML files. One reading of all files, pure but for the `Files`
 * port; when to read again is the caller's matter. A file that cannot be read or is wrong keeps its last groups, a
 * file that is gone takes its groups with it.
 */
import { expandGlob } from "../config/glob.ts";
import { ConfigError } from "../config/problems.ts";
import { list } from "../config/schema/containers.ts";
import { staticGroup } from "../config/schema/discovery.ts";
import { Reader } from "../config/schema/schema.ts";
import { staticGroupsOf } from "../config/settings.ts";
import { parseYaml, type YamlNode } from "../config/yaml.ts";
import { messageOf, UserError } from "../core/errors.ts";
import type { Files } from "../core/ports.ts";
import { labelValue, withLabel } from "../model/labels.ts";
import type { FileSdConfig, TargetGroup } from "./target_groups.ts";

export const FILEPATH_LABEL = "__meta_filepath";

export interface FileSdReading {
  readonly groups: readonly TargetGroup[];
  /** One a file that could not be used, in the order of the files. */
  readonly errors: readonly FileSdError[];
}

export interface FileSdError {
  readonly file: string;
  /** Without the file; begins with `LINE:COL:` where the place is known. */
  readonly message: string;
}

/** Reads all files that the configuration names. `previous` is what the last reading answered. */
export async function readFileSd(
  config: FileSdConfig,
  files: Files,
  previous: readonly TargetGroup[],
): Promise<FileSdReading> {
  const groups: TargetGroup[] = [];
  const errors: FileSdError[] = [];
  for (const file of await fileSdPaths(config, files)) {
    try {
      groups.push(...readGroups(await files.readText(file), file));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      errors.push({ file, message: withoutFile(messageOf(error), file) });
      groups.push(...previous.filter((group) => labelValue(group.labels, FILEPATH_LABEL) === file));
    }
  }
  return { groups, errors };
}

function withoutFile(message: string, file: string): string {
  const lines = message.split("\n").map((line) =>
    line.startsWith(`${file}:`) ? line.slice(file.length + 1).trim() : line
  );
  return lines.join("; ");
}

/** The files that are there now, each once. */
export async function fileSdPaths(config: FileSdConfig, files: Files): Promise<readonly string[]> {
  const paths = new Set<string>();
  for (const pattern of config.files) {
    for (const path of await expandGlob(pattern, files)) paths.add(path);
  }
  return [...paths];
}

const groupList = list(staticGroup, { nullMessage: "nil target group item found" });

/** The groups of one file, by its extension. Throws a `ConfigError` with places for YAML, without for JSON. */
export function readGroups(text: string, file: string): readonly TargetGroup[] {
  const reader = new Reader({ file, directory: "", unknownFields: "refused" });
  const isJson = file.toLowerCase().endsWith(".json");
  const node = isJson ? parseJson(text, file) : parseYaml(text, file);
  const isEmpty = node.kind === "scalar" && node.type === "null";
  const read = isEmpty ? [] : reader.part("", groupList, node);
  if (reader.problemsCount > 0) throw new ConfigError(reader.problems());
  return staticGroupsOf(read).map((group, index) => ({
    ...group,
    source: `${file}:${index}`,
    labels: withLabel(group.labels, FILEPATH_LABEL, file),
  }));
}

/** Some hundred thousand targets. */
const JSON_LENGTH_MAX = 64 * 1024 * 1024;

const NOWHERE = { line: 0, column: 0 };

function parseJson(text: string, file: string): YamlNode {
  const fail = (message: string) => new ConfigError([{ file, ...NOWHERE, path: "", message }]);
  if (text.length > JSON_LENGTH_MAX) {
    throw fail(`expected at most ${JSON_LENGTH_MAX} characters, got ${text.length}`);
  }
  try {
    return nodeOf(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw fail(`expected JSON: ${error.message}`);
    if (error instanceof RangeError) throw fail("expected less deeply nested JSON");
    throw error;
  }
}

/** JSON as the tree that the schema reads. Numbers and booleans keep their types, and are no text. */
function nodeOf(value: unknown): YamlNode {
  if (Array.isArray(value)) return { kind: "list", place: NOWHERE, items: value.map(nodeOf) };
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, part]) => ({
      key: { kind: "scalar", place: NOWHERE, text: key, type: "text" } as const,
      value: nodeOf(part),
    }));
    return { kind: "map", place: NOWHERE, entries };
  }
  if (typeof value === "string") return { kind: "scalar", place: NOWHERE, text: value, type: "text" };
  if (value === null) return { kind: "scalar", place: NOWHERE, text: "null", type: "null" };
  // As Prometheus: a JSON label is a string, and a bare number or boolean a mistake.
  throw new SyntaxError(`expected a string, got ${String(value)}`);
}
