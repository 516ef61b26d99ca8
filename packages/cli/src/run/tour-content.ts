import { randomFill } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** Bytes per write. */
const CHUNK = 4 * 1024 * 1024;

/** The files, with their parts of the whole. */
const FILES: readonly (readonly [path: string, share: number])[] = [
  ['film/feature.mkv', 0.6],
  ['film/extras.mkv', 0.25],
  ['music/01 - one.flac', 0.08],
  ['music/02 - two.flac', 0.06],
  ['notes/read me.txt', 0.01],
  ['notes/empty.txt', 0],
];

const fill = promisify<Uint8Array, Uint8Array>(randomFill);

/** Writes a folder of random files, `size` bytes in all; the number of files. */
export async function generateContent(
  folder: string,
  size: number,
  signal: AbortSignal,
): Promise<number> {
  const chunk = new Uint8Array(CHUNK);
  let left = size;
  for (const [index, [path, share]] of FILES.entries()) {
    // The first one takes what rounding leaves over at the end.
    const length = index === 0 ? sizeOfFirst(size) : Math.floor(size * share);
    const absolute = join(folder, path);
    await mkdir(dirname(absolute), { recursive: true });
    const file = await open(absolute, 'w');
    try {
      for (let at = 0; at < length; at += CHUNK) {
        signal.throwIfAborted();
        await fill(chunk);
        await file.write(chunk, 0, Math.min(CHUNK, length - at));
      }
    } finally {
      await file.close();
    }
    left -= length;
  }
  if (left !== 0) throw new RangeError('the shares do not add up');
  return FILES.length;
}

function sizeOfFirst(size: number): number {
  return FILES.slice(1).reduce((left, [, share]) => left - Math.floor(size * share), size);
}
