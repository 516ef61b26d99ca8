import type { TorrentInfo } from '@shoal/metainfo';
import { fileColumns } from '@shoal/metainfo';
import type { FileStates } from './disk/file-states.ts';
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
  states: FileStates,
): DiskError | undefined {
  const files = fileColumns(info);
  const count = Math.min(files.size, states.count);
  for (let index = 0; index < count; index++) {
    const size = states.sizeOf(index);
    const length = files.lengths[index] ?? 0;
    if (size >= length || wanted[index] !== true) continue;
    // A link has no length.
    if (length === 0 || files.isPadding(index)) continue;
    const path = files.pathOf(index);
    const what = size < 0 ? 'is gone' : 'was cut short';
    const message = `"${path}" ${what} while it was being downloaded`;
    return new DiskError('ERR_DISK_MISSING', message, { path });
  }
  return undefined;
}
