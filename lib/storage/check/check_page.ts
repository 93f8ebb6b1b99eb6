/** One page against the directory and against itself: checksum, header, every column, every time. */
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { ABSENT_HIGH, ABSENT_LOW, wordsOf } from "../../model/stale.ts";
import { ByteReader } from "../codecs/bytes.ts";
import { decodePageColumn, decodeStrays, type OpenPage, openPage } from "../codecs/page.ts";
import { CorruptDataError } from "../errors.ts";
import type { PageRef } from "../view.ts";

/** Throws a `CorruptDataError`. How many samples it holds. */
export function verifyPage(
  bytes: Uint8Array,
  cohort: number,
): { readonly page: OpenPage; readonly samples: number } {
  const page = openPage(bytes);
  if (page.cohort !== cohort) {
    throw new CorruptDataError(`the page is one of cohort ${page.cohort}, expected cohort ${cohort}`);
  }
  return { page, samples: page.kind === "rows" ? rowsSamples(page) : straysSamples(page) };
}

function rowsSamples(page: OpenPage): number {
  const cells = new Float64Array(page.rowsCount);
  const words = wordsOf(cells);
  const input = new ByteReader(page.payload, "page");
  const histograms: FloatHistogram[] = [];
  let samples = 0;
  for (let i = 0; i < page.columnsCount; i++) {
    histograms.length = 0;
    decodePageColumn(page, page.firstColumn + i, input, cells, words, 0, histograms);
    for (let row = 0; row < page.rowsCount; row++) {
      if (words[2 * row + 1] !== ABSENT_HIGH || words[2 * row] !== ABSENT_LOW) samples++;
    }
  }
  return samples;
}

function straysSamples(page: OpenPage): number {
  const { columns, tMs } = decodeStrays(page);
  for (let i = 0; i < tMs.length; i++) {
    if (!(tMs[i]! >= page.startMs && tMs[i]! <= page.endMs)) {
      throw new CorruptDataError(
        `a stray at ${tMs[i]} lies outside the page's ${page.startMs} to ${page.endMs}`,
      );
    }
    if (i === 0 || columns[i]! > columns[i - 1]!) continue;
    if (columns[i]! < columns[i - 1]! || tMs[i]! < tMs[i - 1]!) {
      throw new CorruptDataError(`strays are not sorted by column and time at number ${i}`);
    }
  }
  return tMs.length;
}

/** The directory's entry as the page itself tells it. */
export function entryOf(page: OpenPage, bytes: number, ref: Pick<PageRef, "page" | "level">): PageRef {
  const { kind, startMs, endMs, rowsCount, firstColumn, columnsCount } = page;
  return { ...ref, kind, startMs, endMs, rowsCount, firstColumn, columnsCount, bytes };
}

/** In words what the directory says differently; undefined when it agrees. */
export function disagreement(ref: PageRef, page: OpenPage, bytes: number): string | undefined {
  const told = entryOf(page, bytes, ref);
  const names = ["kind", "startMs", "endMs", "rowsCount", "firstColumn", "columnsCount", "bytes"] as const;
  const parts = names.filter((name) => ref[name] !== told[name])
    .map((name) => `${name} is ${ref[name]} in the directory and ${told[name]} in the page`);
  return parts.length === 0 ? undefined : parts.join(", ");
}
