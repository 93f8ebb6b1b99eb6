/** A storage of one cohort that keeps nothing but columns, and a session driven against it. */
import assert from "node:assert/strict";
import type { HttpOutcome } from "../../lib/core/ports.ts";
import {
  type AppendOutcome,
  NEW_SERIES_BIT,
  type SampleBatch,
  type SampleRow,
} from "../../lib/model/batch.ts";
import { formatLabels, type Labels, labelsFromRecord, labelsKey } from "../../lib/model/labels.ts";
import { isStale, wordsOf } from "../../lib/model/stale.ts";
import type { ScrapeEnding } from "../../lib/scrape/ending.ts";
import { ScrapeSession } from "../../lib/scrape/session.ts";
import { SCRAPE_SETTINGS_DEFAULT, type ScrapeSettings } from "../../lib/scrape/settings.ts";

const COUNTS = { appended: 0, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 };

export type Shown = Record<string, number | "stale">;

export interface Scraped {
  readonly ending: ScrapeEnding;
  /** The last of `batches`, mostly the only one. */
  readonly batch: SampleBatch;
  readonly batches: readonly SampleBatch[];
  /** The row without the report series, by series. */
  readonly row: Shown;
  readonly report: Shown;
  /** By `series @ms`. */
  readonly strays: Shown;
}

export class FakeStorage {
  epoch = 1;
  #columns = new Map<string, number>();
  #labels: Labels[] = [];

  /** The cohort is gone, as after a restart of the storage. */
  restart(): void {
    this.epoch++;
    this.#columns = new Map();
    this.#labels = [];
  }

  append(batch: SampleBatch): AppendOutcome {
    if (batch.epoch !== 0 && batch.epoch !== this.epoch) return { kind: "wrongEpoch", epoch: this.epoch };
    const refs = Uint32Array.from(batch.defined, (labels) => {
      const key = labelsKey(labels);
      let column = this.#columns.get(key);
      if (column === undefined) this.#columns.set(key, column = this.#labels.push(labels) - 1);
      return column;
    });
    return { kind: "appended", epoch: this.epoch, refs, counts: COUNTS };
  }

  /** What a row says, by series. A series twice breaks the batch's contract. */
  show(batch: SampleBatch, row: SampleRow | undefined): Map<string, number | "stale"> {
    const shown = new Map<string, number | "stale">();
    if (row === undefined) return shown;
    assert.equal(row.refs.length, row.values.length);
    const words = wordsOf(row.values);
    for (let i = 0; i < row.refs.length; i++) {
      const ref = row.refs[i]!;
      const labels = ref >= NEW_SERIES_BIT ? batch.defined[ref - NEW_SERIES_BIT] : this.#labels[ref];
      assert.ok(labels !== undefined, `no series for reference ${ref}`);
      const name = formatLabels(labels);
      assert.ok(!shown.has(name), `${name} twice in a row`);
      shown.set(name, isStale(words, i) ? "stale" : row.values[i]!);
    }
    return shown;
  }
}

export const TARGET: Labels = labelsFromRecord({ instance: "a:1", job: "j", __meta_x: "hidden" });
const MINE = 'instance="a:1", job="j"';

export class Driver {
  readonly storage = new FakeStorage();
  readonly session: ScrapeSession;
  tMs = 1_000_000;

  constructor(settings: Partial<ScrapeSettings> = {}, targetLabels: Labels = TARGET) {
    this.session = new ScrapeSession({
      cohort: "scrape/j/a:1",
      targetLabels,
      settings: { ...SCRAPE_SETTINGS_DEFAULT, ...settings },
    });
  }

  scrape(body: string | Uint8Array, contentType = "text/plain; version=0.0.4"): Scraped {
    return this.digest(response(body, contentType));
  }

  digest(outcome: HttpOutcome): Scraped {
    this.tMs += 10_000;
    const { batch, ending } = this.session.digest(outcome, this.tMs, 250);
    return { ending, ...this.deliver(batch) };
  }

  end(): Omit<Scraped, "ending"> {
    this.tMs += 10_000;
    return this.deliver(this.session.endOfRun(this.tMs));
  }

  /** Hands the batch to storage, and what comes after it, and all of it again where storage asks for it. */
  deliver(first: SampleBatch): Omit<Scraped, "ending"> {
    let batches: SampleBatch[] = [];
    for (let batch: SampleBatch | undefined = first; batch !== undefined;) {
      const answer = this.storage.append(batch);
      if (answer.kind === "wrongEpoch") batches = [];
      else batches.push(batch);
      batch = this.session.answered(answer);
      if (answer.kind === "wrongEpoch") assert.equal(batch?.epoch, 0);
    }
    const row: Shown = {};
    const report: Shown = {};
    const strays: Shown = {};
    const once = (shown: Shown, name: string, value: number | "stale") => {
      assert.ok(!(name in shown), `${name} twice in a scrape`);
      shown[name] = value;
    };
    for (const batch of batches) {
      assert.ok(batch.rows.length <= 1);
      for (const { tMs } of batch.rows) assert.equal(tMs, this.tMs);
      for (const [name, value] of this.storage.show(batch, batch.rows[0])) {
        const own = /^(up|scrape_[a-z_]+)\{/.exec(name);
        if (own !== null && name.endsWith(`{${MINE}}`)) once(report, own[1]!, value);
        else once(row, name.replace(MINE, "…"), value);
      }
      for (const stray of batch.strays) {
        for (const [name, value] of this.storage.show(batch, stray)) {
          once(strays, `${name.replace(MINE, "…")} @${stray.tMs}`, value);
        }
      }
    }
    return { batch: batches[batches.length - 1]!, batches, row, report, strays };
  }
}

export function response(body: string | Uint8Array, contentType = "text/plain", status = 200): HttpOutcome {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { kind: "response", status, statusText: status === 200 ? "OK" : "Nope", contentType, body: bytes };
}
