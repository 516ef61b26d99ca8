import { fileColumns, type TorrentInfo } from '@shoal/metainfo';
import { DiskError } from '../errors.ts';
import type { FileStates } from './file-states.ts';

export interface GoneFilesOptions {
  readonly info: Pick<TorrentInfo, 'files' | 'name' | 'pieceLength'>;
  /** The download folder. */
  readonly directory: string;
  /** Pieces that are known to have been there, as in a bitfield message (BEP 3). */
  readonly pieces: Uint8Array;
  /** How the files stand now, by index. */
  readonly states: FileStates;
  /** How they stood; default: those with known pieces were there. */
  readonly before?: FileStates;
}

/**
 * Whether of a torrent nothing is left of which something was known to be there. Then its drive is not connected, rather than that
 * somebody deleted its files, and what is known of them must not be forgotten.
 *
 * @returns what to tell of it; undefined where a file is left, or none was there
 */
export function filesGone(options: GoneFilesOptions): DiskError | undefined {
  const { info, directory, pieces, states, before } = options;
  const files = fileColumns(info);
  const { lengths, offsets } = files;
  let isGone = false;
  for (let file = 0; file < lengths.length; file++) {
    const length = lengths[file] ?? 0;
    if (length === 0 || files.isPadding(file)) continue;
    if (before !== undefined && before.sizeOf(file) <= 0) continue;
    const first = Math.floor((offsets[file] ?? 0) / info.pieceLength);
    const last = Math.floor(((offsets[file] ?? 0) + length - 1) / info.pieceLength);
    if (!hasAny(pieces, first, last)) continue;
    if (states.sizeOf(file) >= 0) return undefined;
    isGone = true;
  }
  if (!isGone) return undefined;
  const message = `The files of "${info.name}" are gone from "${directory}": is its drive connected? What was there is remembered until they are back`;
  return new DiskError('ERR_DISK_MISSING', message, { path: directory });
}

/** Whether a bit from `first` to `last` is set. */
function hasAny(pieces: Uint8Array, first: number, last: number): boolean {
  for (let piece = first; piece <= last; piece++) {
    const byte = pieces[piece >> 3] ?? 0;
    // Eight at a time where there is nothing.
    if (byte === 0) piece |= 7;
    else if ((byte & (0x80 >> (piece & 7))) !== 0) return true;
  }
  return false;
}
