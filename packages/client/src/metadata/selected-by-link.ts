import { fileColumns, type MagnetLink, type TorrentInfo } from '@shoal/metainfo';
import { ClientError } from '../errors.ts';

/**
 * The files that a magnet link wants of its torrent (BEP 53), by index; undefined: all. Those that the torrent does not have are
 * ignored by whoever wants them. Throws `ERR_CLIENT_NO_SUCH_FILE` where it has none of them: nothing would be wanted, and be there.
 */
export function selectedByLink(
  { selectOnly }: MagnetLink,
  info: TorrentInfo,
): readonly number[] | undefined {
  if (selectOnly === undefined) return undefined;
  const files = fileColumns(info);
  if (selectOnly.some((index) => index < files.size && !files.isPadding(index))) return selectOnly;
  const has = files.size === 1 ? 'one file, 0' : `files 0 to ${files.size - 1}`;
  const message = `The magnet link names only files that the torrent does not have (so=): it has ${has}`;
  throw new ClientError('ERR_CLIENT_NO_SUCH_FILE', message);
}
