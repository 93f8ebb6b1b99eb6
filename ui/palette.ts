/**
 * Colours of series: the same hues in the same order in both themes, each shade chosen to stand out against that
 * theme's paper. Neighbours in the order differ in hue and in lightness.
 */
const LIGHT = [
  "#d97706",
  "#2563eb",
  "#0d9488",
  "#be185d",
  "#7c3aed",
  "#4d7c0f",
  "#dc2626",
  "#0284c7",
  "#92400e",
  "#a21caf",
  "#047857",
  "#64748b",
] as const;

const DARK = [
  "#fbbf24",
  "#60a5fa",
  "#2dd4bf",
  "#f472b6",
  "#a78bfa",
  "#a3e635",
  "#f87171",
  "#38bdf8",
  "#d6a77a",
  "#e879f9",
  "#34d399",
  "#a8b3c4",
] as const;

export function seriesColour(index: number, theme: { readonly dark: boolean }): string {
  const colours = theme.dark ? DARK : LIGHT;
  return colours[index % colours.length]!;
}
