import { fileColumns } from '@shoal/metainfo';
import type { TorrentInfo } from '@shoal/metainfo';

/** Files without those that only pad. */
export function fileCount(info: TorrentInfo): number {
  const columns = fileColumns(info);
  let count = 0;
  for (let index = 0; index < columns.size; index++) if (!columns.isPadding(index)) count++;
  return count;
}
