import type { FileLayout, TorrentInfo } from '@shoal/metainfo';
import { fileColumns } from '@shoal/metainfo';

/** 0 means that a file is not wanted, 7 that it comes first. */
export type Priority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** What a wanted file has unless somebody says otherwise. */
export const NORMAL_PRIORITY: Priority = 4;

/** The priority of each piece: the highest among the files it holds a part of; padding asks for nothing. */
export function piecePriorities(
  info: TorrentInfo,
  layout: FileLayout,
  ofFile: Uint8Array,
): Uint8Array {
  const priorities = new Uint8Array(info.pieceCount);
  const files = fileColumns(info);
  for (let index = 0; index < files.size; index += 1) {
    const priority = ofFile[index] ?? 0;
    if (priority === 0 || files.isPadding(index)) continue;
    const range = layout.piecesOf(index);
    if (range === undefined) continue;
    for (let piece = range.first; piece <= range.last; piece += 1) {
      if ((priorities[piece] ?? 0) < priority) priorities[piece] = priority;
    }
  }
  return priorities;
}
