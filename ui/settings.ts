/** What the reader chose and the browser keeps: theme and time zone. One store, told to every component that reads it. */
import { useEffect, useState } from "preact/hooks";

export type Theme = "auto" | "light" | "dark";
export type TimeZone = "local" | "utc";

export interface Settings {
  readonly theme: Theme;
  readonly timeZone: TimeZone;
}

const KEY = "narthex.settings";
const DEFAULTS: Settings = { theme: "auto", timeZone: "local" };

const listeners = new Set<(settings: Settings) => void>();
let current: Settings = read();

function read(): Settings {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const { theme, timeZone } = stored as Partial<Settings>;
    return {
      theme: theme === "light" || theme === "dark" ? theme : "auto",
      timeZone: timeZone === "utc" ? "utc" : "local",
    };
  } catch {
    // Storage may be forbidden, or hold what another program wrote.
    return DEFAULTS;
  }
}

export function changeSettings(change: Partial<Settings>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // Kept for this visit only.
  }
  applyTheme();
  for (const listener of listeners) listener(current);
}

export function useSettings(): Settings {
  const [settings, setSettings] = useState(current);
  useEffect(() => {
    listeners.add(setSettings);
    return () => {
      listeners.delete(setSettings);
    };
  }, []);
  return settings;
}

const darkPreferred = matchMedia("(prefers-color-scheme: dark)");

export function isDark(): boolean {
  return current.theme === "dark" || (current.theme === "auto" && darkPreferred.matches);
}

/** Sets the attribute that the style sheet reads. */
export function applyTheme(): void {
  document.documentElement.dataset["theme"] = isDark() ? "dark" : "light";
}

darkPreferred.addEventListener("change", () => {
  applyTheme();
  for (const listener of listeners) listener({ ...current });
});
