/** Sizes as Prometheus writes them: `15MB` and `15MiB` are the same, in units of 1024 bytes. */
const UNITS: ReadonlyMap<string, number> = new Map(
  ["", "K", "M", "G", "T", "P", "E"].flatMap((letter, power): [string, number][] =>
    letter === "" ? [["B", 1]] : [[`${letter}B`, 1024 ** power], [`${letter}iB`, 1024 ** power]]
  ),
);

/** Bytes, or why not. */
export function parseSize(text: string): number | { readonly reason: string } {
  const negative = text.startsWith("-");
  let rest = /^[-+]/.test(text) ? text.slice(1) : text;
  if (rest === "0") return 0;
  if (rest === "") return { reason: `units: invalid ${text}` };
  let bytes = 0;
  while (rest !== "") {
    const match = /^([0-9]*(?:\.[0-9]*)?)([^0-9.]*)/.exec(rest)!;
    const [whole, digits, unit] = match;
    if (whole === "" || digits === "" || digits === ".") return { reason: `units: invalid ${text}` };
    const factor = UNITS.get(unit!);
    if (factor === undefined) return { reason: `units: unknown unit ${unit} in ${text}` };
    bytes += Number(digits) * factor;
    rest = rest.slice(whole!.length);
  }
  bytes = Math.trunc(bytes);
  if (!Number.isSafeInteger(bytes)) return { reason: `units: ${text} is too large` };
  return negative && bytes !== 0 ? -bytes : bytes;
}

export function formatSize(bytes: number): string {
  if (bytes === 0) return "0B";
  let rest = Math.abs(bytes);
  let text = bytes < 0 ? "-" : "";
  for (const [unit, factor] of [...UNITS].reverse()) {
    if (unit !== "B" && !unit.includes("i")) continue;
    const count = Math.floor(rest / factor);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * factor;
  }
  return text;
}
