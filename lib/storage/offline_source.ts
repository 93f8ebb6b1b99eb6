/** The `SeriesSource` over a head without an actor: for tools that read a store that no server holds. */
import type { Kv, Log } from "../core/ports.ts";
import type { Head } from "./head.ts";
import { labelNamesOf, labelValuesOf, seriesOf } from "./head_listing.ts";
import { viewOf } from "./head_view.ts";
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
      view: (sets, range, after, names) => Promise.resolve(viewOf(head, sets, range, after, names)),
      untilDurable: () => Promise.resolve(),
      series: (sets, range, cursor) => Promise.resolve(seriesOf(head, sets, range, cursor)),
      labelNames: (sets, range, cursor) => Promise.resolve(labelNamesOf(head, sets, range, cursor)),
      labelValues: (name, sets, range, cursor) =>
        Promise.resolve(labelValuesOf(head, name, sets, range, cursor)),
    },
    cache: new PageCache({ ...ports, bytesMax: PAGE_CACHE_BYTES_DEFAULT }),
  });
}
