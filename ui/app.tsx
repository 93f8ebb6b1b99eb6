/** The page's entry: header, navigation, theme, and the page that the address names. */
import { Component, type ComponentChildren, render } from "preact";
import { useEffect } from "preact/hooks";
import { AutoIcon, Flame, MoonIcon, SunIcon } from "./icons.tsx";
import { AlertsPage } from "./pages/alerts_page.tsx";
import { RulesPage } from "./pages/rules_page.tsx";
import { ConfigPage, FlagsPage, StatusPage } from "./pages/status_pages.tsx";
import { TargetsPage } from "./pages/targets_page.tsx";
import { TsdbPage } from "./pages/tsdb_page.tsx";
import { QueryPage } from "./query/query_page.tsx";
import { href, navigate, useLocation } from "./routing.ts";
import { applyTheme, changeSettings, type Theme, useSettings } from "./settings.ts";

const PAGES: readonly (readonly [path: string, title: string])[] = [
  ["/query", "Query"],
  ["/alerts", "Alerts"],
  ["/rules", "Rules"],
  ["/targets", "Targets"],
  ["/status", "Status"],
  ["/tsdb-status", "Storage"],
  ["/config", "Configuration"],
  ["/flags", "Flags"],
];

const THEMES: readonly Theme[] = ["auto", "light", "dark"];

function Page({ path }: { path: string }) {
  switch (path) {
    case "/":
    case "/graph":
    case "/query":
      return <QueryPage />;
    case "/alerts":
      return <AlertsPage />;
    case "/rules":
      return <RulesPage />;
    case "/targets":
      return <TargetsPage />;
    case "/status":
      return <StatusPage />;
    case "/tsdb-status":
      return <TsdbPage />;
    case "/config":
      return <ConfigPage />;
    case "/flags":
      return <FlagsPage />;
    default:
      return (
        <section class="card notice">
          <h1>There is no page here</h1>
          <p>
            <code>{path}</code> is not a page of this server. <Link path="/query">Go to the query page</Link>.
          </p>
        </section>
      );
  }
}

function Link({ path, current, children }: { path: string; current?: boolean; children: ComponentChildren }) {
  const onClick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate(path);
  };
  return (
    <a href={href(path)} onClick={onClick} {...(current === true ? { "aria-current": "page" as const } : {})}>
      {children}
    </a>
  );
}

function ThemeButton() {
  const { theme } = useSettings();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  return (
    <button
      type="button"
      class="quiet"
      title={`Theme: ${theme}`}
      aria-label={`Theme is ${theme}, change to ${next}`}
      onClick={() => changeSettings({ theme: next })}
    >
      {theme === "auto" ? <AutoIcon /> : theme === "light" ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}

function ZoneButton() {
  const { timeZone } = useSettings();
  const next = timeZone === "utc" ? "local" : "utc";
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`Times are ${timeZone === "utc" ? "UTC" : "local"}, change to ${next}`}
      onClick={() => changeSettings({ timeZone: next })}
    >
      {timeZone === "utc" ? "UTC" : "Local time"}
    </button>
  );
}

function App() {
  const { path } = useLocation();
  const shown = path === "/" || path === "/graph" ? "/query" : path;
  useEffect(() => {
    document.querySelector("main")?.setAttribute("data-page", shown);
  }, [shown]);
  return (
    <>
      <a class="skip" href="#content">Skip to content</a>
      <header class="top">
        <a
          class="brand"
          href={href("/query")}
          onClick={(event) => {
            event.preventDefault();
            navigate("/query");
          }}
        >
          <Flame />
          <span>Narthex</span>
        </a>
        <nav aria-label="Pages">
          {PAGES.map(([to, title]) => (
            <Link key={to} path={to} current={to === shown}>
              {title}
            </Link>
          ))}
        </nav>
        <div class="tools">
          <ZoneButton />
          <ThemeButton />
        </div>
      </header>
      <main id="content">
        <Boundary key={shown}>
          <Page path={path} />
        </Boundary>
      </main>
    </>
  );
}

/** A page that fails says so in its place; the navigation goes on working. */
class Boundary extends Component<{ children: ComponentChildren }, { message: string | undefined }> {
  override state = { message: undefined };
  static override getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }
  override render() {
    if (this.state.message === undefined) return this.props.children;
    return (
      <section class="card notice error" role="alert">
        <h1>This page failed</h1>
        <p>{this.state.message}</p>
      </section>
    );
  }
}

applyTheme();
if (document.title === "TITLE_PLACEHOLDER") document.title = "Narthex";
render(<App />, document.getElementById("app")!);
