import type { Pauses } from './pauses.ts';

/** Something with its place in an order. */
export interface Keyed {
  /** One character per byte, so that the order of strings is that of bytes. */
  readonly key: string;
}

/** Items sorted at once: some milliseconds. */
const RUN_LENGTH = 4096;
/** Items merged between two looks at the clock. */
const MERGE_LENGTH = 512;

/** The items by their keys; equal ones stay in their order. However many there are, the event loop gets its turns. */
export async function sortByKey<T extends Keyed>(
  items: readonly T[],
  pauses: Pauses,
): Promise<T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += RUN_LENGTH) {
    runs.push(items.slice(at, at + RUN_LENGTH).sort(compare));
    if (pauses.due) await pauses.take();
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(await merge(runs[i] ?? [], runs[i + 1] ?? [], pauses));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge<T extends Keyed>(
  left: readonly T[],
  right: readonly T[],
  pauses: Pauses,
): Promise<T[]> {
  const merged: T[] = [];
  let i = 0;
  let j = 0;
  for (let first = left[0], second = right[0]; first !== undefined || second !== undefined;) {
    if (second === undefined || (first !== undefined && first.key <= second.key)) {
      if (first !== undefined) merged.push(first);
      first = left[++i];
    } else {
      merged.push(second);
      second = right[++j];
    }
    if (merged.length % MERGE_LENGTH === 0 && pauses.due) await pauses.take();
  }
  return merged;
}

function compare(left: Keyed, right: Keyed): number {
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0;
}

/** A text's UTF-8 bytes as a key. */
export function keyOf(text: string): string {
  // ASCII is its own UTF-8.
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString('latin1');
}
