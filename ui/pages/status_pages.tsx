/** What this server is and how it was started: build and runtime, configuration file, flags. */
import { useState } from "preact/hooks";
import { useApi } from "../api.ts";
import { formatTime } from "../format.ts";
import { FactTable, Loaded } from "../parts.tsx";
import { useSettings } from "../settings.ts";

type Facts = Readonly<Record<string, string | number | boolean>>;

/** Names that read better than the API's. Others are shown as they come. */
const TITLES: Readonly<Record<string, string>> = {
  version: "Version",
  revision: "Revision",
  branch: "Branch",
  buildUser: "Build user",
  buildDate: "Build date",
  goVersion: "Runtime",
  startTime: "Start time",
  CWD: "Working directory",
  hostname: "Host name",
  serverTime: "Server time",
  reloadConfigSuccess: "Configuration reload",
  lastConfigTime: "Last successful reload",
  corruptionCount: "Corruptions of the log",
  goroutineCount: "Goroutines",
  storageRetention: "Storage retention",
};

/** How often the runtime's figures are asked for. */
const REFRESH_MS = 10_000;

export function StatusPage() {
  const { timeZone } = useSettings();
  const build = useApi<Facts>("status/buildinfo");
  const runtime = useApi<Facts>("status/runtimeinfo", REFRESH_MS);
  const shown = (facts: Facts) =>
    Object.entries(facts).map(([name, value]) => {
      const text = name === "reloadConfigSuccess" ? value === true ? "Successful" : "Failed" : String(value);
      const isTime = typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value);
      return [TITLES[name] ?? name, isTime ? formatTime(Date.parse(value), timeZone) : text] as const;
    });
  return (
    <>
      <h1>Status</h1>
      <div class="columns">
        <section class="card">
          <h2>Runtime</h2>
          <Loaded state={runtime}>{(facts) => <FactTable facts={shown(facts)} />}</Loaded>
        </section>
        <section class="card">
          <h2>Build</h2>
          <Loaded state={build}>{(facts) => <FactTable facts={shown(facts)} />}</Loaded>
        </section>
      </div>
    </>
  );
}

export function ConfigPage() {
  const config = useApi<{ readonly yaml: string }>("status/config");
  const [copied, setCopied] = useState(false);
  const copy = async (text: string) => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <>
      <h1>Configuration</h1>
      <section class="card">
        <Loaded state={config}>
          {({ yaml }) => (
            <>
              {/* The clipboard exists on secure origins only. */}
              {navigator.clipboard !== undefined && (
                <div class="row end">
                  <button type="button" onClick={() => copy(yaml)}>{copied ? "Copied" : "Copy"}</button>
                </div>
              )}
              <pre class="code">{yaml.split("\n").map((line, i) => <YamlLine key={i} line={line} />)}</pre>
            </>
          )}
        </Loaded>
      </section>
    </>
  );
}

/** Keys and comments coloured: enough for a file that the server itself wrote out. */
function YamlLine({ line }: { line: string }) {
  const match = /^(\s*(?:- )*)([^\s:#"'][^:#]*)(:)(\s.*)?$/.exec(line);
  if (match === null) {
    const isComment = line.trimStart().startsWith("#");
    return <span class={isComment ? "tok-comment" : ""}>{`${line}\n`}</span>;
  }
  return (
    <span>
      {match[1]}
      <span class="tok-function">{match[2]}</span>
      {match[3]}
      <span class="tok-string">{match[4] ?? ""}</span>
      {"\n"}
    </span>
  );
}

export function FlagsPage() {
  const flags = useApi<Readonly<Record<string, string>>>("status/flags");
  const [filter, setFilter] = useState("");
  return (
    <>
      <h1>Command-line flags</h1>
      <section class="card">
        <input
          type="search"
          placeholder="Filter by name or value"
          aria-label="Filter flags"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value.toLowerCase())}
        />
        <Loaded state={flags}>
          {(values) => (
            <FactTable
              facts={Object.entries(values)
                .filter((pair) => pair.join(" ").toLowerCase().includes(filter))
                .sort(([a], [b]) => (a < b ? -1 : 1))
                .map(([name, value]) => [`--${name}`, value] as const)}
            />
          )}
        </Loaded>
      </section>
    </>
  );
}
