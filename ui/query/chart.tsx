/** A range query's answer as a graph: uPlot with a tooltip, zoom by dragging, and a legend that isolates series. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { MatrixSeries } from "../api.ts";
import { formatCount, formatSi, formatTime } from "../format.ts";
import { seriesColour } from "../palette.ts";
import { MetricName, metricText } from "../parts.tsx";
import { isDark, type TimeZone, useSettings } from "../settings.ts";
import { alignSeries, type GraphRange, nearestSeries, stackColumns, toggleShown } from "./graph_data.ts";

const HEIGHT_PX = 360;
/** More lines than these cannot be told apart, and slow the browser. */
const SERIES_MAX = 1_000;
const LEGEND_MAX = 100;

export interface ChartProps {
  readonly series: readonly MatrixSeries[];
  readonly range: GraphRange;
  readonly stacked: boolean;
  /** Milliseconds since the epoch. */
  readonly onZoom: (startMs: number, endMs: number) => void;
}

interface Hover {
  readonly index: number;
  readonly step: number;
  readonly leftPx: number;
  readonly topPx: number;
}

export function Chart(props: ChartProps) {
  const { range, stacked } = props;
  const series = useMemo(() => props.series.slice(0, SERIES_MAX), [props.series]);
  const { theme, timeZone } = useSettings();
  const dark = isDark();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const zoom = useRef(props.onZoom);
  zoom.current = props.onZoom;
  const [hover, setHover] = useState<Hover | undefined>(undefined);
  const [isolation, setIsolation] = useState<{ readonly key: string; readonly shown: readonly boolean[] }>();

  // The choice holds while the same series are shown: a refresh keeps it, another query drops it.
  const key = useMemo(() => series.map(({ metric }) => metricText(metric)).join("\n"), [series]);
  const shown = useMemo(
    () => isolation?.key === key ? isolation.shown : series.map(() => true),
    [isolation, key, series.length],
  );
  const aligned = useMemo(() => alignSeries(series, range), [series, range]);
  const drawn = useMemo(
    () => stacked ? stackColumns(aligned.values, shown) : aligned.values,
    [aligned, stacked, shown],
  );
  const latest = useRef({ drawn, shown });
  latest.current = { drawn, shown };

  // A new plot only when its shape changes; new data alone goes into the one that stands.
  const shape = `${key}|${stacked}|${dark}|${theme}|${timeZone}|${shown.join()}`;
  useEffect(() => {
    const element = host.current!;
    const onCursor = (self: uPlot) => {
      const { idx, left, top } = self.cursor;
      if (idx == null || left === undefined || top === undefined || left < 0) return setHover(undefined);
      const at = { step: idx, y: self.posToVal(top, "y") };
      const index = nearestSeries(latest.current.drawn, latest.current.shown, at);
      setHover(index === undefined ? undefined : { index, step: idx, leftPx: left, topPx: top });
    };
    const onSelect = (self: uPlot) => {
      const { left, width } = self.select;
      if (width < 4) return;
      zoom.current(self.posToVal(left, "x") * 1000, self.posToVal(left + width, "x") * 1000);
    };
    const made = new uPlot(
      plotOptions({ series, shown, stacked, dark, timeZone, width: element.clientWidth, onCursor, onSelect }),
      [aligned.timesSeconds, ...drawn],
      element,
    );
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
      plot.current = undefined;
      setHover(undefined);
    };
  }, [shape]);
  useEffect(() => plot.current?.setData([aligned.timesSeconds, ...drawn]), [aligned, drawn]);

  const toggle = (index: number, onlyThis: boolean) =>
    setIsolation({ key, shown: toggleShown(shown, index, { onlyThis }) });

  return (
    <div class="chart">
      {props.series.length > SERIES_MAX && (
        <p class="message warning">
          The first {SERIES_MAX.toLocaleString("en-US")} of {formatCount(props.series.length, "series")}{" "}
          are drawn. Aggregate the query to see all.
        </p>
      )}
      <div
        class="plot"
        ref={host}
        role="img"
        aria-label={`Graph of ${formatCount(series.length, "series")}; the Table tab has the values`}
      >
        {hover !== undefined && series[hover.index] !== undefined && (
          <Tooltip
            hover={hover}
            metric={series[hover.index]!.metric}
            value={aligned.values[hover.index]?.[hover.step] ?? null}
            ms={(aligned.timesSeconds[hover.step] ?? 0) * 1000}
            colour={seriesColour(hover.index, { dark })}
            plot={plot.current}
            zone={timeZone}
          />
        )}
      </div>
      <Legend series={series} shown={shown} dark={dark} active={hover?.index} onToggle={toggle} />
    </div>
  );
}

interface PlotInput {
  readonly series: readonly MatrixSeries[];
  readonly shown: readonly boolean[];
  readonly stacked: boolean;
  readonly dark: boolean;
  readonly timeZone: TimeZone;
  readonly width: number;
  readonly onCursor: (self: uPlot) => void;
  readonly onSelect: (self: uPlot) => void;
}

function plotOptions(input: PlotInput): uPlot.Options {
  const { series, shown, stacked, dark, timeZone } = input;
  const ink = dark ? "#a8a29e" : "#78716c";
  const grid = { stroke: dark ? "#ffffff12" : "#1c191712", width: 1 };
  const axis = {
    stroke: ink,
    grid,
    ticks: { ...grid, size: 4 },
    font: "11px system-ui, sans-serif",
  };
  return {
    width: input.width,
    height: HEIGHT_PX,
    legend: { show: false },
    padding: [10, 24, 0, 0],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 7, width: 2 },
      y: false,
    },
    scales: { x: { time: true }, y: { range: (_self, min, max) => yRange(min, max, stacked) } },
    ...(timeZone === "utc"
      ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") }
      : {}),
    axes: [
      { ...axis, values: TIME_LABELS, space: 70 },
      { ...axis, size: 58, values: (_self, ticks) => ticks.map(formatSi) },
    ],
    series: [
      {},
      ...series.map(({ metric }, k): uPlot.Series => {
        const stroke = seriesColour(k, { dark });
        return {
          label: metricText(metric),
          show: shown[k] === true,
          stroke,
          width: 1.6,
          spanGaps: false,
          // Left out, uPlot shows points where lines are too short to be seen.
          ...(series.length > 20 ? { points: { show: false } } : {}),
          ...(stacked ? { fill: `${stroke}40` } : series.length === 1 ? { fill: `${stroke}1f` } : {}),
        };
      }),
    ],
    ...(stacked ? { bands: bandsOf(shown) } : {}),
    hooks: { setCursor: [input.onCursor], setSelect: [input.onSelect] },
  };
}

/** Each shown series is filled down to the shown one below it. */
function bandsOf(shown: readonly boolean[]): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  let below: number | undefined;
  shown.forEach((on, k) => {
    if (!on) return;
    if (below !== undefined) bands.push({ series: [k + 1, below + 1] });
    below = k;
  });
  return bands;
}

/** A stack starts at zero; a flat line gets room above and below. */
function yRange(min: number | null, max: number | null, stacked: boolean): [number, number] {
  let low = min ?? 0;
  const high = max ?? 1;
  if (stacked && low > 0) low = 0;
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1];
  const room = (high - low) * 0.08;
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}

/** Spacing in seconds, format, and what is added when the year, day … turns. 24 hours, days before months. */
const TIME_LABELS: uPlot.Axis.Values = [
  [31_536_000, "{YYYY}", null, null, null, null, null, null, 1],
  [2_419_200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [3_600, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [
    0.001,
    ":{ss}.{fff}",
    "\n{D} {MMM} {HH}:{mm}",
    null,
    "\n{D} {MMM} {HH}:{mm}",
    null,
    "\n{HH}:{mm}",
    null,
    1,
  ],
];

interface TooltipProps {
  readonly hover: Hover;
  readonly metric: MatrixSeries["metric"];
  readonly value: number | null;
  readonly ms: number;
  readonly colour: string;
  readonly plot: uPlot | undefined;
  readonly zone: TimeZone;
}

function Tooltip({ hover, metric, value, ms, colour, plot, zone }: TooltipProps) {
  const { __name__: name, ...labels } = metric;
  const over = plot?.over;
  const leftHalf = hover.leftPx < (over?.clientWidth ?? 0) / 2;
  const left = (over?.offsetLeft ?? 0) + hover.leftPx + (leftHalf ? 16 : -16);
  const top = (over?.offsetTop ?? 0) + hover.topPx;
  return (
    <div
      class="tooltip"
      style={{
        left: `${left}px`,
        top: `${top}px`,
        transform: `translate(${leftHalf ? "0" : "-100%"}, -50%)`,
      }}
    >
      <div class="muted">{formatTime(ms, zone)}</div>
      <div class="tooltip-value">
        <span class="swatch" style={{ background: colour }} />
        <strong>{value === null ? "–" : formatSi(value)}</strong>
        {value !== null && formatSi(value) !== String(value) && <span class="muted">{value}</span>}
      </div>
      {name !== undefined && <div class="metric-name">{name}</div>}
      <table>
        <tbody>
          {Object.entries(labels).map(([label, text]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface LegendProps {
  readonly series: readonly MatrixSeries[];
  readonly shown: readonly boolean[];
  readonly dark: boolean;
  readonly active: number | undefined;
  readonly onToggle: (index: number, onlyThis: boolean) => void;
}

function Legend({ series, shown, dark, active, onToggle }: LegendProps) {
  const [all, setAll] = useState(false);
  const entries = all ? series : series.slice(0, LEGEND_MAX);
  return (
    <div class="legend">
      <ul>
        {entries.map(({ metric }, k) => (
          <li key={k}>
            <button
              type="button"
              class={k === active ? "active" : ""}
              aria-pressed={shown[k] === true}
              title="Click shows only this series, Ctrl+click hides it"
              onClick={(event) => onToggle(k, !(event.ctrlKey || event.metaKey))}
            >
              <span class="swatch" style={{ background: seriesColour(k, { dark }) }} />
              <MetricName metric={metric} />
            </button>
          </li>
        ))}
      </ul>
      {series.length > entries.length && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          Show {formatCount(series.length - entries.length, "series")} more
        </button>
      )}
    </div>
  );
}
