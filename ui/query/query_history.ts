/** Queries that were run, newest first, kept by the browser. */
const KEY = "narthex.queries";
/** Enough to find last week's, small enough to read through. */
const ENTRIES_MAX = 100;
/** Longer ones would crowd out the browser's storage. */
const EXPRESSION_CHARS_MAX = 10_000;

export function readHistory(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((entry) => typeof entry === "string") : [];
  } catch {
    return [];
  }
}

export function addToHistory(expr: string): void {
  const trimmed = expr.trim();
  if (trimmed === "" || trimmed.length > EXPRESSION_CHARS_MAX) return;
  const entries = [trimmed, ...readHistory().filter((entry) => entry !== trimmed)].slice(0, ENTRIES_MAX);
  try {
    localStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    // Storage is full or forbidden: the query still runs.
  }
}
