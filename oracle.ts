import { histogram } from "/work/main/tests/model/histogram/samples.ts";
import { histogramFraction, histogramQuantile } from "/work/main/lib/model/histogram/quantile.ts";
import { histogramDeviation, histogramVariance, histogramAverage } from "/work/main/lib/model/histogram/moments.ts";
import { trimHistogram } from "/work/main/lib/model/histogram/trim.ts";
import { almostEqualHistograms } from "/work/main/lib/model/histogram/compare.ts";
import { formatDescription } from "/work/main/lib/model/histogram/format.ts";
import { parseSequence, parseNumber } from "/work/main/lib/promql/script/sequence.ts";
import { almostEqual } from "/work/main/lib/promql/kernels/bucket_quantile.ts";
import { histogramFromDescription } from "/work/main/lib/model/histogram/description.ts";
const near = (a: number, b: number) => (a !== a && b !== b) || almostEqual(a, b, 1e-6);
let data = new Map<string, any[]>(); let ok = 0, bad = 0;
for (const file of Deno.args) {
  data = new Map();
  const lines = Deno.readTextFileSync(file).split("\n");
  let stepMs = 0;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const load = /^load (\d+)([ms])/.exec(line);
    if (/^clear/.test(line)) data = new Map();
    if (load) {
      stepMs = Number(load[1]) * (load[2] === "m" ? 60000 : 1000);
      for (i++; /^\s+\S/.test(lines[i] ?? ""); i++) {
        const m = /^\s+([a-z_0-9A-Z]+)(\{[^{}]*\})?\s+(\S.*)$/.exec(lines[i]!);
        if (m && !m[2]) { try { data.set(m[1]!, parseSequence(m[3]!).map((v) => ({ v, stepMs })) as any); } catch (e) { console.log("seq", lines[i], String(e)); } }
      }
      continue;
    }
    const ev = /^eval instant at (\d+)([ms]) (.*)$/.exec(line);
    if (!ev) continue;
    const at = Number(ev[1]) * (ev[2] === "m" ? 60000 : 1000);
    const get = (name: string) => { const s = data.get(name); if (!s) return undefined; const c = s[Math.min(Math.floor(at / s[0].stepMs), s.length - 1)]; return c?.v.kind === "histogram" ? histogramFromDescription(c.v.histogram) : undefined; };
    let exp = ""; for (let j = i + 1; /^\s+\S/.test(lines[j] ?? ""); j++) if (!/^\s+expect/.test(lines[j]!)) exp = lines[j]!.trim();
    const q = ev[3]!;
    let got: any; let m;
    const notes = { nan: "none" } as any;
    if ((m = /^histogram_quantile\(([^,]+), (\w+)\)$/.exec(q)) && get(m[2]!)) got = histogramQuantile(parseNumber(m[1]!), get(m[2]!)!, notes);
    else if ((m = /^histogram_fraction\(([^,]+), ([^,]+), (\w+)\)$/.exec(q)) && get(m[3]!)) got = histogramFraction(parseNumber(m[1]!), parseNumber(m[2]!), get(m[3]!)!, notes);
    else if ((m = /^histogram_(stddev|stdvar|avg)\((\w+)\)$/.exec(q)) && get(m[2]!)) got = ({ stddev: histogramDeviation, stdvar: histogramVariance, avg: histogramAverage } as any)[m[1]!](get(m[2]!)!);
    else if ((m = /^(\w+) (<\/|>\/) (\S+)$/.exec(q)) && get(m[1]!)) got = trimHistogram(get(m[1]!)!, m[2] === "</" ? "below" : "above", parseNumber(m[3]!));
    else continue;
    const want = exp.replace(/^[a-z_0-9A-Z]*(\{[^{}]*\})?\s+/, "");
    const same = want.startsWith("{{") ? almostEqualHistograms(histogram(want), got, near) : near(parseNumber(want), got);
    if (same) ok++; else { bad++; console.log("BAD", file.split("/").at(-1), i + 1, q, "want", want, "got", typeof got === "number" ? got : formatDescription(got)); }
  }
}
console.log(ok, bad);
