import { UsageError } from '../errors.ts';

const RANGE = /^(\d{1,9})(?:-(\d{1,9}))?$/;
/** Indices one list may name before it is compared with a torrent: bounds the work for `0-999999999`. */
const MOST_INDICES = 1_000_000;

/** Sorted, distinct indices of a list such as `0,2-5`. */
export function parseSelect(text: string): number[] {
  const indices = new Set<number>();
  for (const part of text.split(',')) {
    const match = RANGE.exec(part.trim());
    const from = Number(match?.[1] ?? Number.NaN);
    const to = Number(match?.[2] ?? from);
    if (!(from <= to) || indices.size + to - from >= MOST_INDICES) {
      throw new UsageError(
        `"${text}" is no list of files: write for example 0,2-5 (--list-files shows the numbers)`,
      );
    }
    for (let index = from; index <= to; index++) indices.add(index);
  }
  return [...indices].sort((a, b) => a - b);
}

/** Throws where an index is beyond the torrent's files. */
export function checkSelection(indices: readonly number[], fileCount: number): void {
  const beyond = indices.find((index) => index >= fileCount);
  if (beyond !== undefined) {
    const has = fileCount === 1 ? 'one file only, 0' : `files 0 to ${fileCount - 1}`;
    throw new UsageError(`--select names file ${beyond}, but the torrent has ${has}`);
  }
}
