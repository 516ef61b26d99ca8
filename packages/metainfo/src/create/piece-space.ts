import type { SourceFile, SourceTree } from './collect-files.ts';
import type { TorrentFormat } from './options.ts';
import type { Pauses } from './pauses.ts';

/** Where the files of a new torrent stand in its pieces. */
export interface PieceSpace {
  readonly format: TorrentFormat;
  /** In order, links and empty ones too. */
  readonly files: readonly SourceFile[];
  /** First byte of each file; at the start of a piece unless {@link format} is `v1`. */
  readonly offsets: Float64Array;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Bytes of all files, without padding. */
  readonly length: number;
  /**
   * Whether every file is followed by zeros up to the end of its last piece: in a hybrid torrent of several files. Those of
   * v2 torrents stand nowhere and enter no hash.
   */
  readonly padded: boolean;
}

/** Lays the files out. */
export async function layOut(
  tree: SourceTree,
  format: TorrentFormat,
  pieceLength: number,
  pauses: Pauses,
): Promise<PieceSpace> {
  const { files } = tree;
  const offsets = new Float64Array(files.length);
  const aligned = format !== 'v1';
  let offset = 0;
  let total = 0;
  for (const [index, { length }] of files.entries()) {
    offsets[index] = offset;
    offset += aligned ? Math.ceil(length / pieceLength) * pieceLength : length;
    total += length;
    if (pauses.due) await pauses.take();
  }
  return {
    format,
    files,
    offsets,
    pieceLength,
    pieceCount: Math.ceil(offset / pieceLength),
    length: total,
    padded: format === 'hybrid' && files.length > 1,
  };
}

/** Zeros after a file of a padded piece space. */
export function paddingAfter(length: number, pieceLength: number): number {
  return Math.ceil(length / pieceLength) * pieceLength - length;
}
