import type { TorrentInfo } from '@shoal/metainfo';
import { Bitfield } from '@shoal/peer-wire';
import type { TorrentStorage } from './disk/storage.ts';
import type { CheckMode } from './options.ts';
import type { ResumeKeeper } from './resume-keeper.ts';

export interface CheckOptions {
  readonly mode: CheckMode;
  /** Pieces that were there before something went wrong: only these are looked at again. */
  readonly suspect: Bitfield | undefined;
  readonly info: TorrentInfo;
  readonly storage: TorrentStorage;
  readonly resume: ResumeKeeper;
  readonly signal: AbortSignal;
  /** A piece was looked at. */
  onPiece(): void;
}

/**
 * Finds out which pieces are there, and has it remembered where it is news. Rejects with a `DiskError`, or with the signal's
 * reason.
 */
export async function findPieces(options: CheckOptions): Promise<Bitfield> {
  const { info, storage, signal } = options;
  const have = new Bitfield(info.pieceCount);
  const pieces = await piecesToHash(options, have);
  if (pieces.length > 0) {
    await storage.checkPieces(
      pieces,
      (piece, whole) => {
        if (whole) have.set(piece);
        options.onPiece();
      },
      signal,
    );
  }
  if (pieces.length > 0 || have.isEmpty) options.resume.changed();
  return have;
}

/** Marks what needs no check in `have` and gives the rest of what may be there. */
async function piecesToHash(options: CheckOptions, have: Bitfield): Promise<readonly number[]> {
  const { mode, suspect, info, storage, resume } = options;
  if (suspect !== undefined) {
    const pieces: number[] = [];
    suspect.forEachSet((piece) => pieces.push(piece));
    return pieces;
  }
  // Also where everything is hashed: the totals of earlier runs live on.
  const remembered = await resume.load(storage);
  if (mode === 'resume' && remembered !== undefined) {
    remembered.trusted.forEachSet((piece) => have.set(piece));
    return remembered.recheck;
  }
  const all = new Array<number>(info.pieceCount);
  for (let piece = 0; piece < all.length; piece++) all[piece] = piece;
  return all;
}
