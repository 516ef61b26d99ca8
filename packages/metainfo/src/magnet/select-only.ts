/** A file index or a range of them; no more digits than an index can have. */
const ITEM = /^(\d{1,10})(?:-(\d{1,10}))?$/;

/**
 * Read `so` (BEP 53): `0,2,4,6-8`. Items that are malformed, reversed or would pass the limit are left out. The limit counts
 * an index as often as it is named: else a short text that repeats a long range would cost far more than its length.
 *
 * @returns rising indices, or undefined where nothing could be read
 */
export function parseSelectOnly(text: string, maxSelected: number): number[] | undefined {
  const selected = new Set<number>();
  let named = 0;
  for (const item of text.split(',')) {
    const match = ITEM.exec(item);
    if (match === null) continue;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first || last > 0x7fff_ffff) continue;
    const count = last - first + 1;
    if (named + count > maxSelected) continue;
    named += count;
    for (let index = first; index <= last; index++) selected.add(index);
  }
  return selected.size === 0 ? undefined : [...selected].sort((left, right) => left - right);
}

/** Write rising indices as `so`, neighbours as ranges. */
export function formatSelectOnly(indices: readonly number[]): string {
  const sorted = [...new Set(indices)].sort((left, right) => left - right);
  const items: string[] = [];
  for (let at = 0; at < sorted.length;) {
    const first = sorted[at] ?? 0;
    let last = first;
    while (sorted[++at] === last + 1) last++;
    items.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return items.join(',');
}
