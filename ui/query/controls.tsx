/** The fields above a result: range, end or evaluation time, resolution. Free text, checked when it is left. */
import { useEffect, useState } from "preact/hooks";
import { formatDuration, formatTime, parseDuration, parseTime } from "../format.ts";
import { LeftIcon, MinusIcon, PlusIcon, RightIcon } from "../icons.tsx";
import { useSettings } from "../settings.ts";
import type { Density, Resolution } from "./url_state.ts";

const RANGES_MS: readonly number[] = [
  ...[
    "1m",
    "5m",
    "15m",
    "30m",
    "1h",
    "2h",
    "6h",
    "12h",
    "1d",
    "2d",
    "7d",
    "14d",
    "28d",
    "56d",
    "112d",
    "182d",
    "365d",
  ],
].map((text) => parseDuration(text)!);

interface TextFieldProps {
  readonly text: string;
  readonly label: string;
  readonly placeholder?: string;
  readonly class?: string;
  /** False when the text is not understood: the field says so and keeps it. */
  readonly onCommit: (text: string) => boolean;
}

function TextField({ text, label, placeholder, onCommit, class: className = "" }: TextFieldProps) {
  const [draft, setDraft] = useState(text);
  const [wrong, setWrong] = useState(false);
  useEffect(() => {
    setDraft(text);
    setWrong(false);
  }, [text]);
  const commit = () => setWrong(draft !== text && !onCommit(draft));
  return (
    <input
      type="text"
      class={className}
      value={draft}
      aria-label={label}
      aria-invalid={wrong}
      placeholder={placeholder ?? ""}
      spellcheck={false}
      autocomplete="off"
      onInput={(event) => setDraft(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === "Enter" && commit()}
    />
  );
}

export function RangeField({ rangeMs, onChange }: { rangeMs: number; onChange: (rangeMs: number) => void }) {
  const smaller = RANGES_MS.findLast((ms) => ms < rangeMs);
  const larger = RANGES_MS.find((ms) => ms > rangeMs);
  const commit = (text: string) => {
    const ms = parseDuration(text);
    if (ms !== undefined) onChange(ms);
    return ms !== undefined;
  };
  return (
    <div class="joined" role="group" aria-label="Range">
      <button
        type="button"
        aria-label="Shorter range"
        disabled={smaller === undefined}
        onClick={() => onChange(smaller!)}
      >
        <MinusIcon />
      </button>
      <TextField class="short" label="Range, such as 1h" text={formatDuration(rangeMs)} onCommit={commit} />
      <button
        type="button"
        aria-label="Longer range"
        disabled={larger === undefined}
        onClick={() => onChange(larger!)}
      >
        <PlusIcon />
      </button>
    </div>
  );
}

interface TimeFieldProps {
  /** Undefined: now. */
  readonly ms: number | undefined;
  readonly label: string;
  /** How far the arrows go. */
  readonly jumpMs: number;
  readonly onChange: (ms: number | undefined) => void;
}

export function TimeField({ ms, label, jumpMs, onChange }: TimeFieldProps) {
  const { timeZone } = useSettings();
  const commit = (text: string) => {
    if (text.trim() === "") {
      onChange(undefined);
      return true;
    }
    const parsed = parseTime(text, timeZone);
    if (parsed !== undefined) onChange(parsed);
    return parsed !== undefined;
  };
  return (
    <div class="joined" role="group" aria-label={label}>
      <button type="button" aria-label="Earlier" onClick={() => onChange((ms ?? Date.now()) - jumpMs)}>
        <LeftIcon />
      </button>
      <TextField
        class="time"
        label={`${label}, YYYY-MM-DD hh:mm:ss, empty is now`}
        placeholder={label}
        text={ms === undefined ? "" : formatTime(ms, timeZone)}
        onCommit={commit}
      />
      <button type="button" aria-label="Later" onClick={() => onChange((ms ?? Date.now()) + jumpMs)}>
        <RightIcon />
      </button>
      <button type="button" disabled={ms === undefined} onClick={() => onChange(undefined)}>now</button>
    </div>
  );
}

const DENSITIES: readonly (readonly [Density, string])[] = [
  ["low", "Low resolution"],
  ["medium", "Medium resolution"],
  ["high", "High resolution"],
];
const FIXED: readonly string[] = ["1s", "5s", "10s", "30s", "1m", "5m", "15m", "1h"];

interface ResolutionFieldProps {
  readonly resolution: Resolution;
  readonly stepMs: number;
  readonly onChange: (resolution: Resolution) => void;
}

export function ResolutionField({ resolution, stepMs, onChange }: ResolutionFieldProps) {
  const value = resolution.type === "auto" ? resolution.density : "fixed";
  const commit = (text: string) => {
    const ms = parseDuration(text);
    if (ms !== undefined) onChange({ type: "fixed", stepMs: ms });
    return ms !== undefined;
  };
  return (
    <div class="joined" role="group" aria-label="Resolution">
      <select
        aria-label="Resolution"
        value={value}
        onChange={(event) => {
          const picked = event.currentTarget.value;
          if (picked === "low" || picked === "medium" || picked === "high") {
            onChange({ type: "auto", density: picked });
          } else onChange({ type: "fixed", stepMs });
        }}
      >
        {DENSITIES.map(([density, title]) => <option key={density} value={density}>{title}</option>)}
        <option value="fixed">Fixed step</option>
      </select>
      {resolution.type === "fixed"
        ? (
          <>
            <TextField
              class="short"
              label="Step, such as 15s"
              text={formatDuration(stepMs)}
              onCommit={commit}
            />
            <select
              class="narrow"
              aria-label="Common steps"
              value=""
              onChange={(event) => commit(event.currentTarget.value)}
            >
              <option value="" disabled>…</option>
              {FIXED.map((step) => <option key={step} value={step}>{step}</option>)}
            </select>
          </>
        )
        : <span class="addon">{formatDuration(stepMs)}</span>}
    </div>
  );
}
