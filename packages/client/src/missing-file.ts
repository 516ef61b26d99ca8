import type { TorrentInfo } from '@shoal/metainfo';
import type { FileState } from './disk/storage.ts';
import { DiskError } from './errors.ts';

/**
 * Looks whether the files of a complete download really stand there whole: one that was deleted or cut behind our back while
 * it was written to would otherwise be called complete.
 *
 * @param wanted by file index
 * @returns what is wrong, or undefined
 */
export function missingFile(
  info: Pick<TorrentInfo, 'files'>,
  wanted: readonly boolean[],
  states: readonly FileState[],
): DiskError | undefined {
  for (const { index, path, length, attributes } of info.files) {
    const state = states[index];
    if (state === undefined || state.size >= length || wanted[index] !== true) continue;
    if (length === 0 || attributes.padding || attributes.symlink !== undefined) continue;
    const what = state.size < 0 ? 'is gone' : 'was cut short';
    const message = `"${path}" ${what} while it was being downloaded`;
    return new DiskError('ERR_DISK_MISSING', message, { path });
  }
  return undefined;
}
