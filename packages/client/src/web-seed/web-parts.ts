import type { FileLayout, TorrentInfo } from '@shoal/metainfo';
import { BLOCK_LENGTH } from '@shoal/peer-wire';

/** Where the blocks of a torrent lie. */
export interface WebGeometry {
  readonly info: TorrentInfo;
  readonly layout: FileLayout;
  readonly blocksPerPiece: number;
  /** Bytes of a piece before the padding it ends with. */
  readonly pieceLengthAt: (piece: number) => number;
}

/** Bytes that are to be had by one request, or that need none. */
export interface WebPart {
  /** First byte in the piece space. */
  readonly offset: number;
  /** Bytes, at least 1. */
  readonly length: number;
  /** The file or, of a BEP 17 seed, the piece that they are asked of; undefined: zeros, of a padding file. */
  readonly from:
    | { readonly file: number; readonly first: number }
    | { readonly piece: number; readonly first: number }
    | undefined;
}

/** What a run of blocks is made of: a part for each file, in order; padding files are not asked for. */
export function filePartsOf(ids: readonly number[], geometry: WebGeometry): WebPart[] {
  const { info, layout } = geometry;
  return stretchesOf(ids, geometry, false).flatMap(({ offset, length }) =>
    layout.spans(offset, length).map((span): WebPart => {
      const isPadding = info.files[span.fileIndex]?.attributes.padding === true;
      const from = isPadding ? undefined : { file: span.fileIndex, first: span.fileOffset };
      return { offset: offset + span.at, length: span.length, from };
    }),
  );
}

/** What a run of blocks is made of for a seed that is asked for pieces (BEP 17): a part for each piece. */
export function piecePartsOf(ids: readonly number[], geometry: WebGeometry): WebPart[] {
  const { pieceLength } = geometry.info;
  return stretchesOf(ids, geometry, true).map(({ offset, length }) => {
    const piece = Math.floor(offset / pieceLength);
    return { offset, length, from: { piece, first: offset - piece * pieceLength } };
  });
}

interface Stretch {
  readonly offset: number;
  length: number;
}

/** Runs of bytes without a gap. */
function stretchesOf(ids: readonly number[], geometry: WebGeometry, byPiece: boolean): Stretch[] {
  const { blocksPerPiece, info } = geometry;
  const stretches: Stretch[] = [];
  let last: Stretch | undefined;
  for (const id of ids) {
    const piece = Math.floor(id / blocksPerPiece);
    const begin = (id - piece * blocksPerPiece) * BLOCK_LENGTH;
    const offset = piece * info.pieceLength + begin;
    const length = Math.min(BLOCK_LENGTH, geometry.pieceLengthAt(piece) - begin);
    const goesOn = last !== undefined && last.offset + last.length === offset;
    if (last !== undefined && goesOn && !(byPiece && begin === 0)) last.length += length;
    else stretches.push((last = { offset, length }));
  }
  return stretches;
}
