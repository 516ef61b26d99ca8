import { stat } from 'node:fs/promises';
import { errnoOf } from './disk-error.ts';
import { FLAG_PADDING, type LayoutData } from './disk-layout.ts';

/**
 * Whether a piece of a torrent may be whole in its files. For a download that begins, one look says no: all files of a torrent
 * stand below its name. So no thread has to be started, nor every piece asked for.
 */
export async function mayHoldAnything({ root, paths, flags }: LayoutData): Promise<boolean> {
  const [first = ''] = paths;
  const [top = ''] = first.split('/', 1);
  const isBelowTop = (path: string) => path === top || path.startsWith(`${top}/`);
  // Padding is there without a file.
  if (flags.some((flag) => (flag & FLAG_PADDING) !== 0) || !paths.every(isBelowTop)) return true;
  try {
    await stat(`${root}/${top}`);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ENOENT';
  }
}
