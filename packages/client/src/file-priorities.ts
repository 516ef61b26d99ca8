import { fileColumns, type TorrentInfo } from '@shoal/metainfo';

/** 0 means that a file is not wanted, 7 that it comes first. */
export type Priority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** What a wanted file has unless somebody says otherwise. */
export const NORMAL_PRIORITY: Priority = 4;

/** The priority of each piece: the highest among the files it holds a part of; padding asks for nothing. */
export function piecePriorities(
  info: Pick<TorrentInfo, 'files' | 'pieceCount' | 'pieceLength'>,
  ofFile: Uint8Array,
): Uint8Array {
  const priorities = new Uint8Array(info.pieceCount);
  const { pieceLength } = info;
  const files = fileColumns(info);
  const { lengths, offsets } = files;
  for (let index = 0; index < files.size; index += 1) {
    const priority = ofFile[index] ?? 0;
    const length = lengths[index] ?? 0;
    if (priority === 0 || length === 0 || files.isPadding(index)) continue;
    const offset = offsets[index] ?? 0;
    const last = Math.floor((offset + length - 1) / pieceLength);
    for (let piece = Math.floor(offset / pieceLength); piece <= last; piece += 1) {
      if ((priorities[piece] ?? 0) < priority) priorities[piece] = priority;
    }
  }
  return priorities;
}
