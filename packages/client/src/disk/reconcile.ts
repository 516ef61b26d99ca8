import { fileColumns, type TorrentInfo } from '@shoal/metainfo';
import type { ResumeData } from './resume-format.ts';
import type { FileStates } from './file-states.ts';

export interface Reconciliation {
  /** Pieces that need no check, as in a bitfield message (BEP 3). */
  readonly trusted: Uint8Array;
  /** Pieces that have to be hashed, in order. All others are missing. */
  readonly recheck: number[];
}

/**
 * Decides what resume data is still good for. A piece it claims is trusted while all the files it touches have the size and
 * mtime they had. Of a file that differs every piece is to be hashed, claimed or not: a process that was killed may have
 * written more than it had time to note. A piece that should be in a file that is missing, or too short, is trusted only
 * where it is kept in the parts file.
 *
 * @param states how the files stand now, by index
 * @param isKeptAside whether a piece is in the parts file
 */
export function reconcile(
  resume: ResumeData,
  states: FileStates,
  info: Pick<TorrentInfo, 'files' | 'pieceCount' | 'pieceLength'>,
  isKeptAside: (piece: number) => boolean = () => false,
): Reconciliation {
  const { pieceCount, pieceLength } = info;
  /** 1: not to be trusted; 2: to be hashed even if not claimed. */
  const doubts = new Uint8Array(pieceCount);
  const files = fileColumns(info);
  const { files: before } = resume;
  const { lengths, offsets } = files;
  for (let index = 0; index < lengths.length; index++) {
    const length = lengths[index] ?? 0;
    if (length === 0 || files.isPadding(index)) continue;
    const offset = offsets[index] ?? 0;
    const first = Math.floor(offset / pieceLength);
    const last = Math.floor((offset + length - 1) / pieceLength);
    const sizeNow = states.sizeOf(index);
    const size = Math.max(0, sizeNow);
    if (before.sizeOf(index) !== sizeNow || before.mtimeOf(index) !== states.mtimeOf(index)) {
      doubts.fill(2, first, last + 1);
    } else if (size < length) {
      const firstBeyond = Math.floor((offset + size) / pieceLength);
      for (let piece = firstBeyond; piece <= last; piece++) {
        if (doubts[piece] === 0 && !isKeptAside(piece)) doubts[piece] = 1;
      }
    }
  }
  const trusted = new Uint8Array(Math.ceil(pieceCount / 8));
  const recheck: number[] = [];
  for (let piece = 0; piece < pieceCount; piece++) {
    const bit = 0x80 >> (piece & 7);
    const claimed = ((resume.pieces[piece >> 3] ?? 0) & bit) !== 0;
    const doubt = doubts[piece] ?? 0;
    if (doubt === 2 || (doubt === 1 && claimed)) recheck.push(piece);
    else if (claimed) trusted[piece >> 3] = (trusted[piece >> 3] ?? 0) | bit;
  }
  return { trusted, recheck };
}
