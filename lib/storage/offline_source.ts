/** The `SeriesSource` over a head without an actor: for tools that read a store that no server holds. */
import type { Kv, Log } from "../core/ports.ts";
import type { Head } from "./head.ts";
import { labelNamesOf, labelValuesOf, seriesOf, viewOf } from "./head_view.ts";
import type { StorageKeys } from "./keys.ts";
import { PAGE_CACHE_BYTES_DEFAULT, PageCache } from "./page_cache.ts";
import { createSeriesSource } from "./reader.ts";
import type { SeriesSource } from "./source.ts";

export function offlineSource(
  head: Head,
  ports: { readonly kv: Kv; readonly keys: StorageKeys; readonly log: Log },
): SeriesSource {
  return createSeriesSource({
    head: {
      view: (sets, range, after) => Promise.resolve(viewOf(head, sets, range, after)),
      untilDurable: () => Promise.resolve(),
      series: (sets, range) => Promise.resolve(seriesOf(head, sets, range)),
      labelNames: (sets, range) => Promise.resolve(labelNamesOf(head, sets, range)),
      labelValues: (name, sets, range) => Promise.resolve(labelValuesOf(head, name, sets, range)),
    },
    cache: new PageCache({ ...ports, bytesMax: PAGE_CACHE_BYTES_DEFAULT }),
  });
}
