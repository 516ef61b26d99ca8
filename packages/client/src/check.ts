import { fileColumns, type TorrentInfo } from '@shoal/metainfo';
import { Bitfield } from '@shoal/peer-wire';
import type { TorrentStorage } from './disk/storage.ts';
import type { PieceHashes } from './hashes/piece-hashes.ts';
import type { CheckMode } from './options.ts';
import type { ResumeKeeper } from './resume-keeper.ts';

/** Pieces looked up between two turns of the event loop. */
const TURN_PIECES = 65_536;

export interface CheckOptions {
  readonly mode: CheckMode;
  /** Pieces that were there before something went wrong: only these are looked at again. */
  readonly suspect: Bitfield | undefined;
  readonly info: TorrentInfo;
  readonly hashes: PieceHashes;
  readonly storage: TorrentStorage;
  readonly resume: ResumeKeeper;
  readonly signal: AbortSignal;
  /** A piece was looked at. */
  onPiece(): void;
}

/** What a check has found. */
export interface FoundPieces {
  readonly have: Bitfield;
  /**
   * Pieces of a v2-only torrent whose data may be on disk, as the file is long enough, but whose hash is not known yet; undefined
   * where there are none.
   */
  readonly unverified: Bitfield | undefined;
  /** Something was known to be there that is not: resume data is wrong until it is saved anew. */
  readonly isLoss: boolean;
}

/**
 * Finds out which pieces are there, and has it remembered where it is news. Rejects with a `DiskError`, or with the signal's
 * reason.
 */
export async function findPieces(options: CheckOptions): Promise<FoundPieces> {
  const { info, storage, signal, hashes } = options;
  const have = new Bitfield(info.pieceCount);
  const { suspects, claimed } = await piecesToHash(options, have);
  const pieces = suspects.filter((piece) => hashes.isVerifiable(piece));
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
  const unverified =
    pieces.length === suspects.length ? undefined : await unverifiable(options, suspects);
  if (pieces.length > 0 || have.isEmpty) options.resume.changed();
  return { have, unverified, isLoss: claimed !== undefined && isMissingAny(claimed, have) };
}

/** Of some pieces those that nothing can verify yet, and that may be on disk. */
async function unverifiable(
  options: CheckOptions,
  suspects: readonly number[],
): Promise<Bitfield | undefined> {
  const { info, hashes, storage, signal } = options;
  const states = await storage.fileStates();
  const found = new Bitfield(info.pieceCount);
  const isUnknown = new Bitfield(info.pieceCount);
  for (const [index, piece] of suspects.entries()) {
    if (index % TURN_PIECES === 0) await new Promise((resolve) => setImmediate(resolve));
    if (hashes.isVerifiable(piece)) continue;
    isUnknown.set(piece);
    if (storage.isKeptAside?.(piece) === true) found.set(piece);
    options.onPiece();
  }
  signal.throwIfAborted();
  const { lengths } = fileColumns(info);
  for (const file of hashes.unknownFiles()) {
    const length = lengths[file] ?? 0;
    const size = states.sizeOf(file);
    const pieces = size >= length ? Math.ceil(length / info.pieceLength) : size / info.pieceLength;
    const first = hashes.firstPieceOf(file);
    // Whole ones only; a size of -1 is no file.
    for (let piece = first; piece + 1 <= first + pieces; piece++) {
      if (isUnknown.get(piece)) found.set(piece);
    }
  }
  return found.isEmpty ? undefined : found;
}

/** What is to be looked at, and what was known to be there; undefined: nothing was. */
interface ToHash {
  readonly suspects: readonly number[];
  readonly claimed: Bitfield | undefined;
}

/** Marks what needs no check in `have` and gives the rest of what may be there. */
async function piecesToHash(options: CheckOptions, have: Bitfield): Promise<ToHash> {
  const { mode, suspect, info, storage, resume } = options;
  // Also where everything is hashed: the totals of earlier runs live on.
  const remembered = await resume.load(storage);
  if (mode === 'resume' && remembered?.gone !== undefined) throw remembered.gone;
  const trusted = mode === 'resume' ? remembered?.trusted : undefined;
  if (suspect !== undefined) {
    const suspects: number[] = [];
    suspect.forEachSet((piece) => {
      if (trusted?.get(piece) === true) have.set(piece);
      else suspects.push(piece);
    });
    return { suspects, claimed: suspect };
  }
  const claimed = remembered?.claimed;
  if (mode === 'resume' && remembered !== undefined) {
    remembered.trusted.forEachSet((piece) => have.set(piece));
    return { suspects: remembered.recheck, claimed };
  }
  const suspects = new Array<number>(info.pieceCount);
  for (let piece = 0; piece < suspects.length; piece++) suspects[piece] = piece;
  return { suspects, claimed };
}

function isMissingAny(claimed: Bitfield, have: Bitfield): boolean {
  return claimed.bytes.some((byte, index) => (byte & ~(have.bytes[index] ?? 0)) !== 0);
}
