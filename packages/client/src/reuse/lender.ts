import type { Metainfo, TorrentInfo } from '@shoal/metainfo';
import type { BlockRead } from '../disk/storage.ts';

/** A torrent of this client whose verified pieces may be of use to others, or to itself. */
export interface Lender {
  readonly metainfo: Pick<Metainfo, 'info' | 'similar' | 'collections'>;
  /** Other torrents may have its data. */
  readonly lends: boolean;
  /** Whether a piece is verified. */
  has(piece: number): boolean;
  /** Reads from pieces that are; see `TorrentStorage.readBlocks`. Rejects where that fails, and for a torrent that is closed. */
  readBlocks(target: Uint8Array, reads: readonly BlockRead[]): Promise<void>;
  /** Nothing more is read from it for now. */
  returned(): void;
}

/** A file that probably holds what one of ours must hold. Whatever comes from it is verified like anything from a peer. */
export interface TwinFile {
  readonly lender: Lender;
  /** Its index in the lender's torrent. */
  readonly file: number;
  /** Its first byte in the piece space of that torrent. */
  readonly offset: number;
}

/** Where a stretch of a twin is to be read in its torrent. */
export interface TwinReads {
  readonly twin: TwinFile;
  readonly reads: readonly BlockRead[];
}

/**
 * How a stretch of a file is read from its torrent; undefined where one of the pieces it lies in is not verified.
 * @param at where it shall stand in the target
 */
export function readsOf(
  twin: TwinFile,
  fileOffset: number,
  length: number,
  at: number,
): BlockRead[] | undefined {
  const { pieceLength } = twin.lender.metainfo.info;
  const reads: BlockRead[] = [];
  const start = twin.offset + fileOffset;
  for (let done = 0; done < length;) {
    const piece = Math.floor((start + done) / pieceLength);
    if (!twin.lender.has(piece)) return undefined;
    const begin = start + done - piece * pieceLength;
    const taken = Math.min(pieceLength - begin, length - done);
    reads.push({ piece, begin, length: taken, at: at + done });
    done += taken;
  }
  return reads;
}

/** Whether a torrent says anything by which its files can be found elsewhere: pieces roots (BEP 52), or hints (BEP 38). */
export function mayHaveTwins({ info, similar, collections }: Lender['metainfo']): boolean {
  return hasRoots(info) || similar.length > 0 || collections.length > 0;
}

/** Whether its files have pieces roots (BEP 52). */
export function hasRoots({ infoHashV2 }: TorrentInfo): boolean {
  return infoHashV2 !== undefined;
}
