import type { HashFiles } from './hash-files.ts';

/**
 * What is made of a piece: `v1` SHA-1 alone, over pieces that span files; else every file starts at a piece, whose SHA-256
 * tree is hashed, alone (`v2`), or beside its SHA-1 with (`padded`) or without zeros up to its end (`unpadded`).
 */
export type PieceHashing = 'v1' | 'v2' | 'padded' | 'unpadded';

/** To the worker, first: what it works on. */
export interface HashWorkerData {
  readonly files: HashFiles;
  readonly pieceLength: number;
  readonly hashing: PieceHashing;
}

/** To the worker: hash `count` pieces from `first` on; a `count` of 0 says that nothing follows. */
export interface HashTask {
  readonly first: number;
  readonly count: number;
}

/** Hashes of a range of pieces. */
export interface HashedRange {
  /** Bytes that were read. */
  readonly bytes: number;
  /** SHA-1 of each piece, 20 bytes. */
  readonly digests: Uint8Array | undefined;
  /** Root of the SHA-256 tree of each piece, 32 bytes: for a file of one piece its `pieces root`. */
  readonly hashes: Uint8Array | undefined;
}

/** Reads pieces and hashes them, synchronously, for use in a worker. */
export interface RangeHasher {
  hash(first: number, count: number): HashedRange;
  /** Closes what is open, after a look whether it is still what it was. */
  close(): void;
}

/** From the worker. A `count` of 0 answers the last task: every file has been checked and closed. */
export type HashReply =
  | ({ readonly first: number; readonly count: number } & HashedRange)
  | { readonly failure: HashFailure };

/** An error of the worker, in a form that crosses threads. */
export interface HashFailure {
  readonly kind: 'changed' | 'io';
  readonly message: string;
  readonly path: string;
  /** The system's code, e.g. `EACCES`. */
  readonly systemCode: string | undefined;
}
