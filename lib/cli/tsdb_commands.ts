/** The commands over stored samples, as `commands.ts` lists them. */
import type { Command } from "./commands.ts";
import { analyzeCommand } from "./tsdb_analyze.ts";
import { dumpCommand, dumpOpenMetricsCommand } from "./tsdb_dump.ts";
import { listCommand } from "./tsdb_list.ts";
import { checkCommand } from "./tsdb_check.ts";
import { createBlocksCommand, importCommand } from "./tsdb_import.ts";

const DUMP_HELP = [
  ["    --min-time=MIN-TIME", "Minimum timestamp to dump, in milliseconds since the Unix epoch."],
  ["    --max-time=MAX-TIME", "Maximum timestamp to dump, in milliseconds since the Unix epoch."],
  ["    --match={__name__=~'(?s:.*)'} ...", "Series selector. Can be specified multiple times."],
] as const;
const IMPORT_SPEC = { valued: ["label"], booleans: ["quiet"], short: { q: "quiet" } } as const;
const QUIET_HELP = ["-q, --quiet", "Print the final account only."] as const;
const LABEL_HELP = [
  "    --label=LABEL ...",
  "Label to attach to every series of a text, NAME=VALUE.",
] as const;

export const TSDB_COMMANDS: readonly Command[] = [
  {
    words: ["tsdb", "list"],
    usage: "tsdb list [<flags>] <data-dir>",
    summary: "List what a store that no server holds has sealed, by source.",
    spec: { valued: [], booleans: ["human-readable"], short: { r: "human-readable" } },
    flagHelp: [["-r, --human-readable", "Print human readable values."]],
    run: listCommand,
  },
  {
    words: ["tsdb", "analyze"],
    usage: "tsdb analyze [<flags>] <data-dir>",
    summary: "Analyze churn, label pair cardinality and bytes of a store that no server holds.",
    spec: { valued: ["limit", "match"], booleans: [], short: {} },
    flagHelp: [
      ["    --limit=20", "How many items to show in each list."],
      ["    --match=MATCH", "Series selector to analyze. Only 1 set of matchers is supported now."],
    ],
    run: analyzeCommand,
  },
  {
    words: ["tsdb", "dump"],
    usage: "tsdb dump [<flags>] <data-dir>",
    summary: "Dump samples from a store that no server holds.",
    spec: { valued: ["match", "min-time", "max-time", "format"], booleans: [], short: {} },
    flagHelp: [...DUMP_HELP, ["    --format=text", "Output format: text or openmetrics."]],
    run: dumpCommand,
  },
  {
    words: ["tsdb", "dump-openmetrics"],
    usage: "tsdb dump-openmetrics [<flags>] <data-dir>",
    summary: "Dump samples in OpenMetrics text format, by promtool's words.",
    spec: { valued: ["match", "min-time", "max-time"], booleans: [], short: {} },
    flagHelp: DUMP_HELP,
    run: dumpOpenMetricsCommand,
  },
  {
    words: ["tsdb", "check"],
    usage: "tsdb check [<flags>] <data-dir>",
    summary: "Verify every key of a store that no server holds: exit code 1 when something is damaged.",
    spec: { valued: [], booleans: ["repair"], short: {} },
    flagHelp: [["    --repair", "Put aside what is damaged and rebuild what can be rebuilt."]],
    run: checkCommand,
  },
  {
    words: ["tsdb", "import"],
    usage: "tsdb import prometheus <prometheus-data-dir> <data-dir>\n" +
      "       narthex tsdb import openmetrics [<flags>] <files>... <data-dir>",
    summary:
      "Import the data directory of a Prometheus that does not run (blocks and write-ahead log), or OpenMetrics text " +
      'in which every sample has a timestamp ("-" is standard input).',
    spec: IMPORT_SPEC,
    flagHelp: [QUIET_HELP, LABEL_HELP],
    run: importCommand,
  },
  {
    words: ["tsdb", "create-blocks-from"],
    usage: "tsdb create-blocks-from openmetrics [<flags>] <input file> [<data-dir>]",
    summary: "Import OpenMetrics text, by promtool's words.",
    spec: IMPORT_SPEC,
    flagHelp: [QUIET_HELP, LABEL_HELP],
    run: createBlocksCommand,
  },
];
