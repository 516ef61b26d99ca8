import { stat } from 'node:fs/promises';
import { errnoOf } from './disk-error.ts';
import { FLAG_PADDING, pathsOf, type LayoutData } from './disk-layout.ts';

/**
 * Whether a file of a torrent may be there. For a download that begins, one look says no: all files of a torrent stand below its
 * name. So no thread has to be started, nor every piece asked for.
 */
export async function mayHoldAnything(data: LayoutData): Promise<boolean> {
  const paths = pathsOf(data);
  const isPadding = (file: number): boolean => ((data.flags[file] ?? 0) & FLAG_PADDING) !== 0;
  const first = paths.find((_, file) => !isPadding(file)) ?? '';
  const [top = ''] = first.split('/', 1);
  const folder = `${top}/`;
  for (const [file, path] of paths.entries()) {
    if (path !== top && !path.startsWith(folder) && !isPadding(file)) return true;
  }
  try {
    await stat(`${data.root}/${top}`);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ENOENT';
  }
}
