/** Durations in a row, as the start times of a series are written: `_ -30s-1mx2 0 +1ms`. */
import { parseDurationMs } from "../../core/time.ts";

const OFFSETS_MAX = 1_000_000;

const DURATION = "0|(?:[0-9]+(?:ms|[smhdwy]))+";
const ITEM = new RegExp(`^(?:(_)|([+-]?)(${DURATION})(?:([+-])(${DURATION}))?)(?:x([0-9]+))?$`);

/** Undefined for a gap. Throws an `Error` with the reason for text that is none. */
export function parseOffsets(text: string): readonly (number | undefined)[] {
  const offsets: (number | undefined)[] = [];
  for (const item of text.split(/\s+/).filter((part) => part !== "")) {
    const match = ITEM.exec(item);
    if (match === null) throw new Error(`expected a duration, got ${JSON.stringify(item)}`);
    const [, gap, sign, start, stepSign, step, times] = match;
    const count = times === undefined ? 1 : Number(times) + (gap === undefined ? 1 : 0);
    if (offsets.length + count > OFFSETS_MAX) {
      throw new Error(`more than ${OFFSETS_MAX} start times in a series`);
    }
    const stepMs = step === undefined ? 0 : signed(stepSign, step);
    for (let i = 0; i < count; i++) {
      offsets.push(gap === undefined ? signed(sign, start!) + i * stepMs : undefined);
    }
  }
  return offsets;
}

function signed(sign: string | undefined, text: string): number {
  const ms = text === "0" ? 0 : parseDurationMs(text);
  if (ms === undefined) throw new Error(`expected a duration, got ${JSON.stringify(text)}`);
  return sign === "-" ? -ms : ms;
}
