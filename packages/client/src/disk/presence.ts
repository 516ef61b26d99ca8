import { stat } from 'node:fs/promises';
import { errnoOf } from './disk-error.ts';
import { FLAG_PADDING, type LayoutData, PATH_END } from './disk-layout.ts';
import { runInSlices, STEP_ITEMS, type Steps } from '../slices.ts';

/**
 * Whether a file of a torrent may be there. For a download that begins, one look says no: all files of a torrent stand below its
 * name. So no thread has to be started, nor every piece asked for.
 */
export async function mayHoldAnything(data: LayoutData): Promise<boolean> {
  const top = await runInSlices(commonTop(data));
  if (top === undefined) return true;
  try {
    await stat(`${data.root}/${top}`);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ENOENT';
  }
}

/** The first component of all paths; undefined where they have different ones. */
function* commonTop({ paths, flags }: LayoutData): Steps<string | undefined> {
  let top: string | undefined;
  let folder = '';
  let start = 0;
  for (let file = 0; start <= paths.length; file++) {
    const next = paths.indexOf(PATH_END, start);
    const end = next < 0 ? paths.length : next;
    if (((flags[file] ?? 0) & FLAG_PADDING) === 0) {
      if (top === undefined) {
        [top = ''] = paths.slice(start, end).split('/', 1);
        folder = `${top}/`;
      }
      const isTop = end - start === top.length && paths.startsWith(top, start);
      if (!isTop && !paths.startsWith(folder, start)) return undefined;
    }
    start = end + 1;
    if (file % STEP_ITEMS === STEP_ITEMS - 1) yield;
  }
  return top ?? '';
}
