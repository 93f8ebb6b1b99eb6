/**
 * The file of `--narthex.config`: what Narthex can do and Prometheus cannot, kept apart so that `prometheus.yml`
 * stays portable. Read as strictly as the main file, all problems at once, each with its place.
 */
import { messageOf } from "../core/errors.ts";
import type { Files } from "../core/ports.ts";
import { formatDurationMs } from "../core/time.ts";
import type { Matcher } from "../model/matchers.ts";
import { directoryOf } from "./paths.ts";
import { ConfigError } from "./problems.ts";
import { list } from "./schema/containers.ts";
import { duration, text } from "./schema/scalars.ts";
import { field, Reader, struct, type ValueOf } from "./schema/schema.ts";
import { parseYaml } from "./yaml.ts";

/** As many as storage tells apart. */
export const RETENTION_RULES_MAX = 250;
/** A selector looks back five minutes by default: samples further apart would leave holes in every graph. */
export const ROLLUP_INTERVAL_MS_MAX = 5 * 60_000;
/** Younger samples are still being put together into larger pages. */
export const ROLLUP_AFTER_MS_MIN = 3_600_000;

const KEEP_FIELDS = { matcher: field(text), keep: field(duration) };
const keepRule = struct({
  type: "narthex.KeepRule",
  fields: KEEP_FIELDS,
  check(value, reader) {
    if (value.matcher === "") reader.reportOf(value, "expected a matcher", "matcher");
    if (value.keep === 0) reader.reportOf(value, "expected a duration above 0", "keep");
  },
});

const ROLLUP_FIELDS = {
  matcher: field(text),
  after: field(duration),
  interval: field(duration, ROLLUP_INTERVAL_MS_MAX),
};
const rollup = struct({
  type: "narthex.Rollup",
  fields: ROLLUP_FIELDS,
  check(value, reader) {
    if (value.after < ROLLUP_AFTER_MS_MIN) {
      const least = formatDurationMs(ROLLUP_AFTER_MS_MIN);
      reader.reportOf(value, `expected at least ${least}, got ${formatDurationMs(value.after)}`, "after");
    }
    if (value.interval < 1_000 || value.interval > ROLLUP_INTERVAL_MS_MAX) {
      const most = formatDurationMs(ROLLUP_INTERVAL_MS_MAX);
      const message = `expected 1s to ${most}, got ${formatDurationMs(value.interval)}`;
      reader.reportOf(value, message, "interval");
    }
  },
});

const SECTION_FIELDS = { retention: field(list(keepRule)), rollups: field(list(rollup)) };
const section = struct({
  type: "narthex.Config",
  fields: SECTION_FIELDS,
  check(value, reader) {
    for (const name of ["retention", "rollups"] as const) {
      const count = value[name].length;
      if (count <= RETENTION_RULES_MAX) continue;
      reader.reportOf(value, `expected at most ${RETENTION_RULES_MAX} rules, got ${count}`, name);
    }
  },
});
const root = struct({ type: "narthex.File", fields: { narthex: field(section) } });

type Rule = ValueOf<typeof KEEP_FIELDS> | ValueOf<typeof ROLLUP_FIELDS>;

/** The first rule that matches a series decides, in both lists. */
export interface NarthexConfig {
  readonly retention: readonly {
    /** As it stands in the file. */
    readonly selector: string;
    readonly matchers: readonly Matcher[];
    readonly keepMs: number;
  }[];
  readonly rollups: readonly {
    /** "" for all series. */
    readonly selector: string;
    readonly matchers: readonly Matcher[];
    readonly afterMs: number;
    readonly intervalMs: number;
  }[];
}

/** Throws a `ConfigError`, or the `UserError` of `files`. `parseSelector` throws what is wrong with a selector. */
export async function loadNarthexFile(
  path: string,
  files: Files,
  parseSelector: (selector: string) => readonly Matcher[],
): Promise<NarthexConfig> {
  const text = await files.readText(path);
  const reader = new Reader({ file: path, directory: directoryOf(path), unknownFields: "refused" });
  const { narthex } = reader.part("", root, parseYaml(text, path));
  const parsed = (rule: Rule): readonly Matcher[] => {
    try {
      return rule.matcher === "" ? [] : parseSelector(rule.matcher);
    } catch (error) {
      reader.reportOf(rule, `expected a selector such as {job="dev"}: ${messageOf(error)}`, "matcher");
      return [];
    }
  };
  const config: NarthexConfig = {
    retention: narthex.retention.map((rule) => ({
      selector: rule.matcher,
      matchers: parsed(rule),
      keepMs: rule.keep,
    })),
    rollups: narthex.rollups.map((rule) => ({
      selector: rule.matcher,
      matchers: parsed(rule),
      afterMs: rule.after,
      intervalMs: rule.interval,
    })),
  };
  if (reader.problemsCount > 0) throw new ConfigError(reader.problems());
  return config;
}
