/** The series that every scrape writes about itself. They carry the target's labels and pass no relabelling. */
import { type Labels, METRIC_NAME, withLabel } from "../model/labels.ts";
import type { ScrapeCounts } from "./ending.ts";
import type { ScrapeSettings } from "./settings.ts";

const ALWAYS = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
];
const EXTRA = ["scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes"];

export function reportSeries(target: Labels, settings: ScrapeSettings): readonly Labels[] {
  const names = settings.extraScrapeMetrics ? [...ALWAYS, ...EXTRA] : ALWAYS;
  return names.map((name) => withLabel(target, METRIC_NAME, name));
}

export interface ReportInput {
  readonly up: 0 | 1;
  readonly tookMs: number;
  readonly counts: ScrapeCounts;
  readonly settings: ScrapeSettings;
}

/** In the order of `reportSeries`. */
export function reportValues({ up, tookMs, counts, settings }: ReportInput): Float64Array {
  const values = [up, tookMs / 1000, counts.scraped, counts.postRelabel, counts.seriesAdded];
  if (settings.extraScrapeMetrics) {
    values.push(settings.scrapeTimeoutMs / 1000, settings.sampleLimit, counts.bodyBytes);
  }
  return Float64Array.from(values);
}
