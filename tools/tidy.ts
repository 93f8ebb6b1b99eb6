/**
 * House rules that a machine can check: who may import whom, who may touch the world, how long a file may be. Run
 * by `deno task tidy` and by a test. The tables only tighten.
 *
 *   deno run -A tools/tidy.ts        prints a line a finding; exit code 1 when there is one
 */

/** A folder, and the folders that it may import from besides itself. The longest matching folder counts. */
const IMPORTS: readonly (readonly [folder: string, from: readonly string[]])[] = [
  ["lib/core", []],
  ["lib/model", ["lib/core"]],
  ["lib/actor", ["lib/core"]],
  ["lib/exposition", ["lib/core", "lib/model"]],
  ["lib/storage", ["lib/core", "lib/model", "lib/actor"]],
  ["lib/promql", ["lib/core", "lib/model", "lib/storage/source.ts"]],
  ["lib/config", ["lib/core", "lib/model"]],
  ["lib/template", ["lib/core", "lib/model"]],
  ["lib/discovery", ["lib/core", "lib/model", "lib/config"]],
  ["lib/rules", [
    "lib/core",
    "lib/actor/types.ts",
    "lib/actor/json_codec.ts",
    "lib/model",
    "lib/promql",
    "lib/config",
    "lib/template",
    "lib/storage/source.ts",
  ]],
  ["lib/rule_test", [
    "lib/core",
    "lib/model",
    "lib/promql",
    "lib/config",
    "lib/template",
    "lib/rules",
    "lib/storage/source.ts",
  ]],
  ["lib/scrape", ["lib/core", "lib/model", "lib/exposition", "lib/config", "lib/discovery"]],
  ["lib/notify", ["lib/core", "lib/model", "lib/config", "lib/discovery"]],
  ["lib/remote", ["lib/core", "lib/model"]],
  ["lib/client", ["lib/core", "lib/model"]],
  ["lib/exporters", ["lib/core", "lib/model", "lib/client"]],
  ["lib/http", [
    "lib/core",
    "lib/model",
    "lib/actor/types.ts",
    "lib/storage/source.ts",
    "lib/promql",
    "lib/rules",
    "lib/remote",
    "lib/client",
    "lib/config",
    "lib/exposition",
    "lib/template",
  ]],
  ["lib/cli", [
    "lib/core",
    "lib/model",
    "lib/config",
    "lib/discovery",
    "lib/exposition",
    "lib/notify",
    "lib/promql",
    "lib/rules",
    "lib/rule_test",
    "lib/template",
    "lib/client",
    "lib/storage",
  ]],
  ["lib/sys", ["lib/core", "lib/model", "lib/client/process.ts", "lib/exporters/host/ports.ts"]],
  ["actors/protocol", ["lib"]],
  ["actors", ["lib", "actors/protocol"]],
  ["ui", []],
  ["server", ["lib", "actors"]],
  ["main.ts", ["lib", "actors", "server", "version.ts"]],
];

/** An actor imports the children that it spawns, and no other actor. */
const PARENTS: Readonly<Record<string, readonly string[]>> = {
  "actors/alertmanager_set.ts": ["actors/alertmanager.ts", "actors/discovery_file.ts"],
  "actors/notifier.ts": ["actors/alertmanager_set.ts"],
  "actors/query_gate.ts": ["actors/active_queries.ts"],
  "actors/rule_manager.ts": ["actors/rule_group.ts"],
  "actors/scrape_manager.ts": ["actors/scrape_pool.ts"],
  "actors/scrape_pool.ts": ["actors/discovery_file.ts", "actors/target.ts"],
};

/** May touch the world: the ports' implementations and the composition roots. */
const MAY_TOUCH_THE_WORLD = [
  "lib/sys/",
  "main.ts",
  "server.ts",
  "deploy.ts",
  "tools/",
  "tests/",
  "bench/",
  "ui/",
];

const WORLD: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDeno\./, "a port of lib/core/ports.ts"],
  [/\bnew Date\b|\bDate\.(now|parse)\b/, "a time that comes in as an argument, or the Clock port"],
  [/\bperformance\./, "Clock.monotonicMs"],
  [/\bset(Timeout|Interval|Immediate)\(/, "Clock.at, or a timer effect"],
  [/\bMath\.random\b/, "the Rng port"],
  [/(?<![.\w])fetch\(/, "the HttpClients port"],
  [/\bconsole\./, "the Log port"],
  [/(?<!node:)\bcrypto\./, "the Rng port, or node:crypto for a digest"],
];

/** A virtual world needs turns of the real event loop. */
const WORLD_EXCEPTIONS: readonly string[] = [];

const LINES_MAX = 500;
const ROOTS = ["lib", "actors", "server", "ui", "tools", "bench", "tests"];
const ROOT_FILES = ["main.ts", "deploy.ts", "version.ts"];

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Checks the tree under `root`; sorted by path and line. */
export async function tidy(root: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const path of sourcesUnder(root)) {
    const lines = (await Deno.readTextFile(`${root}/${path}`)).split("\n");
    if (lines.length - 1 > LINES_MAX) {
      findings.push({
        path,
        line: LINES_MAX,
        message: `${lines.length - 1} lines, more than ${LINES_MAX}: two concepts in one?`,
      });
    }
    if (/\/utils?\.tsx?$/.test(path)) {
      findings.push({ path, line: 1, message: "named after nothing: name the concept" });
    }
    checkWorld(path, lines, findings);
    checkImports(path, lines, findings);
  }
  return findings.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line);
}

function checkWorld(path: string, lines: readonly string[], findings: Finding[]): void {
  if (MAY_TOUCH_THE_WORLD.some((free) => path === free || (free.endsWith("/") && path.startsWith(free)))) {
    return;
  }
  if (WORLD_EXCEPTIONS.includes(path)) return;
  lines.forEach((text, index) => {
    const code = text.replace(/^\s*(\*|\/\/|\/\*).*$/, "").replace(/\/\/ .*$/, "").replace(
      /"[^"]*"|`[^`]*`/g,
      '""',
    );
    for (const [pattern, instead] of WORLD) {
      if (pattern.test(code)) {
        findings.push({
          path,
          line: index + 1,
          message: `${pattern.source} outside lib/sys: take ${instead}`,
        });
      }
    }
  });
}

function checkImports(path: string, lines: readonly string[], findings: Finding[]): void {
  const rule = ruleOf(path);
  if (rule === undefined) return;
  lines.forEach((text, index) => {
    const match =
      /^(?:import|export)\b.*?from "(\.[^"]+)"|^\} from "(\.[^"]+)"|^import "(\.[^"]+)"|import\("(\.[^"]+)"\)/
        .exec(text);
    const specifier = match?.[1] ?? match?.[2] ?? match?.[3] ?? match?.[4];
    if (specifier === undefined) return;
    const target = resolve(path, specifier);
    const message = wrongArrow(path, rule, target);
    if (message !== undefined) findings.push({ path, line: index + 1, message });
  });
}

function wrongArrow(path: string, rule: (typeof IMPORTS)[number], target: string): string | undefined {
  const [folder, from] = rule;
  if (folder === "actors" && target.startsWith("actors/") && !target.startsWith("actors/protocol/")) {
    const children = PARENTS[path] ?? [];
    return children.includes(target) ? undefined : `imports ${target}: an actor imports only its children`;
  }
  if (isUnder(target, folder) || from.some((allowed) => isUnder(target, allowed))) return undefined;
  return `imports ${target}: ${folder} may import ${from.length === 0 ? "nothing" : from.join(", ")}`;
}

function ruleOf(path: string): (typeof IMPORTS)[number] | undefined {
  let best: (typeof IMPORTS)[number] | undefined;
  for (const rule of IMPORTS) {
    if (isUnder(path, rule[0]) && (best === undefined || rule[0].length > best[0].length)) best = rule;
  }
  return best;
}

function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

async function* sourcesUnder(root: string): AsyncIterable<string> {
  for (const file of ROOT_FILES) {
    if (await Deno.stat(`${root}/${file}`).then(() => true, () => false)) yield file;
  }
  for (const folder of ROOTS) yield* walk(root, folder);
}

async function* walk(root: string, folder: string): AsyncIterable<string> {
  for await (const entry of Deno.readDir(`${root}/${folder}`)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) {
      if (path !== "ui/dist") yield* walk(root, path);
    } else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

if (import.meta.main) {
  const findings = await tidy(new URL("..", import.meta.url).pathname.replace(/\/$/, ""));
  for (const { path, line, message } of findings) console.log(`${path}:${line}: ${message}`);
  Deno.exit(findings.length === 0 ? 0 : 1);
}
