/**
 * The next batch of a listing is fetched while the last one is worked on: a store's reads run on a thread of their
 * own. Holds two batches at the most.
 */
export async function* readAhead<T>(items: AsyncIterable<T>, batchMax: number): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let next = takeBatch(iterator, batchMax);
  try {
    for (;;) {
      const batch = await next;
      if (batch.length === 0) return;
      next = takeBatch(iterator, batchMax);
      next.catch(() => {}); // heard of when its turn comes, or never, when the caller has enough
      yield* batch;
    }
  } finally {
    await next.catch(() => {});
    await iterator.return?.();
  }
}

async function takeBatch<T>(iterator: AsyncIterator<T>, batchMax: number): Promise<readonly T[]> {
  const batch: T[] = [];
  while (batch.length < batchMax) {
    const item = await iterator.next();
    if (item.done === true) break;
    batch.push(item.value);
  }
  return batch;
}
