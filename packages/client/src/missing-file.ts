import type { TorrentInfo } from '@shoal/metainfo';
import { fileColumns } from '@shoal/metainfo';
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
  const files = fileColumns(info);
  for (let index = 0; index < files.size; index++) {
    const state = states[index];
    const length = files.lengths[index] ?? 0;
    if (state === undefined || state.size >= length || wanted[index] !== true) continue;
    // A link has no length.
    if (length === 0 || files.isPadding(index)) continue;
    const path = files.pathOf(index);
    const what = state.size < 0 ? 'is gone' : 'was cut short';
    const message = `"${path}" ${what} while it was being downloaded`;
    return new DiskError('ERR_DISK_MISSING', message, { path });
  }
  return undefined;
}
