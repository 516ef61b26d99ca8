/**
 * Works on `items` with at most `limit` at a time, and gives the results in the order of the items. `work` must not reject:
 * a consumer that stops early would leave nobody to hear of it.
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const running: Promise<Result>[] = [];
  let next = 0;
  for (;;) {
    for (; running.length < limit && next < items.length; next += 1) {
      running.push(work(items[next] as Item));
    }
    const first = running.shift();
    if (first === undefined) return;
    yield await first;
  }
}
