import type { TorrentInfo } from '@shoal/metainfo';
import type { PieceHashes } from '../hashes/piece-hashes.ts';
import type { FileStates } from './file-states.ts';

/** A block to be read: where it lies in the piece space, and where in the target buffer it shall stand. */
export interface BlockRead {
  readonly piece: number;
  /** Bytes from the start of the piece. */
  readonly begin: number;
  readonly length: number;
  /** Offset in the target buffer. */
  readonly at: number;
}

/** What became of a piece that was handed to {@link TorrentStorage.writePiece}. */
export interface PieceWrite {
  /**
   * `written`: the hash matched and every byte is with the operating system. `corrupt`: the hash did not match, nothing
   * was written. `failed`: the hash matched but writing did not succeed, see `error`. `inconsistent`: of a hybrid torrent's
   * two hashes exactly one matched, so that the torrent contradicts itself; nothing was written.
   */
  readonly outcome: 'written' | 'corrupt' | 'failed' | 'inconsistent';
  /** The buffer, handed back. */
  readonly buffer: ArrayBuffer;
  /**
   * Hashes of the 16-KiB blocks, where they were asked for or the piece is corrupt: SHA-256, 32 bytes each, where the piece's
   * SHA-256 hash is known (BEP 52), else SHA-1, 20 bytes each.
   */
  readonly blockHashes: Uint8Array | undefined;
  readonly error: Error | undefined;
}

/**
 * Where the payload of one torrent lives. Hashing belongs to it, so that an implementation can do it wherever the bytes
 * are (the disk pool does it in its workers). Every method rejects with a `DiskError` that names the file.
 */
export interface TorrentStorage {
  /**
   * Hashes the first `length` bytes of `buffer`, which are all of a piece but the padding it ends with, and writes them when
   * they are the piece. The buffer is handed over (it is detached at once) and comes back in the answer. Never rejects.
   */
  writePiece(
    piece: number,
    buffer: ArrayBuffer,
    length: number,
    wantBlockHashes: boolean,
  ): Promise<PieceWrite>;
  /**
   * Reads blocks of pieces that were written or found whole into `target`, padding as zeros. Adjacent blocks cost one system
   * call.
   */
  readBlocks(target: Uint8Array, reads: readonly BlockRead[]): Promise<void>;
  /**
   * Hashes the pieces named and says of each whether it is whole; a missing file means "no" for its pieces and costs
   * nothing. `onPiece` is called in any order. Rejects with an `InconsistentHashesError` where a piece of a hybrid torrent
   * matches exactly one of its two hashes.
   */
  checkPieces(
    pieces: readonly number[],
    onPiece: (piece: number, whole: boolean) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  /**
   * SHA-256 of each 16-KiB block of the payload of `count` pieces from `piece` on, 32 bytes each, for peers that ask for leaf
   * hashes (BEP 52); undefined where a piece is not there. Without this method nobody is told any.
   */
  hashLeaves?(piece: number, count: number): Promise<Uint8Array | undefined>;
  /** Which files are wanted, by index. Data of unwanted files that shares a piece with a wanted one is kept aside. */
  setWanted(wanted: readonly boolean[]): Promise<void>;
  /** Makes everything written so far durable. */
  sync(): Promise<void>;
  /** How the files stand now, by index. */
  fileStates(): Promise<FileStates>;
  /** Whether a piece is kept apart from the files it belongs to; see {@link setWanted}. */
  isKeptAside?(piece: number): boolean;
  /** Creates what must stand on disk even without a piece: folders and empty files. */
  prepare?(): Promise<void>;
  /** Nobody is likely to need it soon: what can be made again is given up. It goes on being used as before. */
  rest?(): void;
  /** Waits for work under way, then closes all files. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes the storage of one torrent; see `AddOptions.storage`. `hashes` is what its pieces must hash to, the SHA-256 hashes of
 * version 2 among that, which a torrent may learn only later.
 */
export type StorageFactory = (
  info: TorrentInfo,
  directory: string,
  hashes: PieceHashes,
) => TorrentStorage;
