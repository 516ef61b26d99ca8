import { BLOCK_LENGTH, isPowerOfTwo } from '../merkle/geometry.ts';
import type { SourceFile } from './collect-files.ts';
import { CreateError } from './errors.ts';
import type { TorrentFormat } from './options.ts';

/** Bytes. What can be asked for explicitly; below this the hashes outweigh their use. */
export const MIN_PIECE_LENGTH = 1024;
/** Bytes. What can be asked for explicitly; larger pieces no longer fit the buffers of clients. */
export const MAX_PIECE_LENGTH = 512 * 1024 * 1024;

/** Bytes. One block (BEP 3): a piece below it only wastes requests. */
const SMALLEST_AUTOMATIC = 16 * 1024;
/** Bytes. Larger pieces make a broken one dear, and some clients refuse them. */
const LARGEST_AUTOMATIC = 16 * 1024 * 1024;
/** Pieces. Enough for rarest-first to spread them, few enough for a small .torrent file (40 kB of hashes). */
const MOST_PIECES = 2048;

/**
 * The piece length for a payload of `totalLength` bytes: the smallest power of two, from 16 KiB to 16 MiB, that makes at
 * most 2,048 pieces (so more than 1,024 from 32 MiB to 32 GiB).
 */
export function automaticPieceLength(totalLength: number): number {
  let length = SMALLEST_AUTOMATIC;
  while (length < LARGEST_AUTOMATIC && totalLength > length * MOST_PIECES) length *= 2;
  return length;
}

/**
 * The piece length for files that each start at a piece: {@link automaticPieceLength}, halved while the padding behind them
 * would be more than half of what they hold, down to 16 KiB. Shorter pieces cost little then, as there are no fewer pieces
 * than files anyway, and the zeros need not be hashed.
 */
export function alignedPieceLength(files: readonly SourceFile[], totalLength: number): number {
  let length = automaticPieceLength(totalLength);
  while (length > SMALLEST_AUTOMATIC) {
    let space = 0;
    for (const file of files) space += Math.ceil(file.length / length) * length;
    if (2 * (space - totalLength) <= totalLength) break;
    length /= 2;
  }
  return length;
}

/** Whether BEP 52 allows pieces of this length. */
export function isV2PieceLength(pieceLength: number): boolean {
  return isPowerOfTwo(pieceLength) && pieceLength >= BLOCK_LENGTH;
}

/** Returns `pieceLength` or throws `ERR_METAINFO_CREATE_OPTION`. */
export function checkedPieceLength(pieceLength: number, format: TorrentFormat): number {
  if (
    !Number.isSafeInteger(pieceLength) ||
    pieceLength < MIN_PIECE_LENGTH ||
    pieceLength > MAX_PIECE_LENGTH
  ) {
    throw new CreateError(
      'ERR_METAINFO_CREATE_OPTION',
      `The piece length must be a whole number of bytes from ${MIN_PIECE_LENGTH} to ${MAX_PIECE_LENGTH}, not ${pieceLength}`,
    );
  }
  if (format !== 'v1' && !isV2PieceLength(pieceLength)) {
    throw new CreateError(
      'ERR_METAINFO_CREATE_OPTION',
      `The piece length of a ${format} torrent must be a power of two from ${BLOCK_LENGTH} on (BEP 52), not ${pieceLength}`,
    );
  }
  return pieceLength;
}
