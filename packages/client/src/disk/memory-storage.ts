import { hashBlocks, type TorrentInfo } from '@shoal/metainfo';
import { DiskError, InconsistentHashesError } from '../errors.ts';
import type { PieceHashes } from '../hashes/piece-hashes.ts';
import { toDiskError } from './disk-error.ts';
import { DiskLayout } from './disk-layout.ts';
import { layoutOf } from './layout-of.ts';
import { DAMAGED, INCONSISTENT, PieceVerifier, type Verdict, WHOLE } from './piece-verifier.ts';
import { checkRange } from './read-plan.ts';
import { FileStates } from './file-states.ts';
import type { BlockRead, PieceWrite, TorrentStorage } from './storage.ts';

/** Pieces checked between two turns of the event loop. */
const CHECK_TURN_PIECES = 16;

/** The payload of a piece of padding only. */
const NOTHING = new Uint8Array(0);

/** A torrent's payload in memory, of which nothing is left after {@link close}. For tests and for streaming. */
export class MemoryStorage implements TorrentStorage, AsyncDisposable {
  readonly #layout: DiskLayout;
  readonly #verifier = new PieceVerifier();
  /** Without the padding they end with. */
  readonly #pieces = new Map<number, Uint8Array>();
  #closed = false;

  /** Throws {@link DiskError} for a v2-only torrent without `hashes`, which a `StorageFactory` is given. */
  constructor(info: TorrentInfo, hashes?: PieceHashes) {
    this.#layout = new DiskLayout(layoutOf(info, '/', undefined, hashes));
  }

  async writePiece(
    piece: number,
    buffer: ArrayBuffer,
    length: number,
    wantBlockHashes: boolean,
  ): Promise<PieceWrite> {
    // As with a worker, the answer comes later.
    await Promise.resolve();
    const { pieceCount } = this.#layout.data;
    try {
      this.#assertOpen();
      const exists = Number.isInteger(piece) && piece >= 0 && piece < pieceCount;
      if (!exists || length !== this.#layout.payloadLengthAt(piece) || buffer.byteLength < length) {
        throw new RangeError(`No such piece: ${piece} with ${length} bytes`);
      }
    } catch (error) {
      const failure = toDiskError(error, 'keep a piece', undefined);
      return { outcome: 'failed', buffer, blockHashes: undefined, error: failure };
    }
    const bytes = new Uint8Array(buffer, 0, length);
    const verdict = this.#verifier.verify(this.#layout, piece, bytes);
    if (verdict === WHOLE) this.#pieces.set(piece, bytes.slice());
    const outcome =
      verdict === WHOLE ? 'written' : verdict === DAMAGED ? 'corrupt' : 'inconsistent';
    const blockHashes =
      verdict === DAMAGED || wantBlockHashes
        ? this.#verifier.blockHashes(this.#layout, piece, bytes)
        : undefined;
    return { outcome, buffer, blockHashes, error: undefined };
  }

  async readBlocks(target: Uint8Array, reads: readonly BlockRead[]): Promise<void> {
    await Promise.resolve();
    this.#assertOpen();
    for (const read of reads) {
      checkRange(this.#layout, target, read);
      const bytes = this.#bytesOf(read.piece);
      if (bytes === undefined) {
        throw new DiskError('ERR_DISK_MISSING', `Piece ${read.piece} is not there`);
      }
      const held = bytes.subarray(read.begin, read.begin + read.length);
      target.set(held, read.at);
      // The rest is padding.
      target.fill(0, read.at + held.length, read.at + read.length);
    }
  }

  async checkPieces(
    pieces: readonly number[],
    onPiece: (piece: number, whole: boolean) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#assertOpen();
    for (const [index, piece] of pieces.entries()) {
      if (index % CHECK_TURN_PIECES === 0) await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      const verdict = this.#check(piece);
      if (verdict === INCONSISTENT) throw new InconsistentHashesError(piece);
      onPiece(piece, verdict === WHOLE);
    }
    signal?.throwIfAborted();
  }

  async hashLeaves(piece: number, count: number): Promise<Uint8Array | undefined> {
    await Promise.resolve();
    this.#assertOpen();
    const leaves: Uint8Array[] = [];
    for (let next = piece; next < piece + count; next++) {
      const bytes = this.#bytesOf(next);
      if (bytes === undefined) return undefined;
      leaves.push(hashBlocks(bytes));
    }
    return Buffer.concat(leaves);
  }

  /** Everything is kept, wanted or not. */
  async setWanted(_wanted: readonly boolean[]): Promise<void> {
    await Promise.resolve();
    this.#assertOpen();
  }

  async sync(): Promise<void> {
    await Promise.resolve();
    this.#assertOpen();
  }

  /** A file exists as soon as one of its pieces does; time stands still. */
  async fileStates(): Promise<FileStates> {
    await Promise.resolve();
    this.#assertOpen();
    const sizes = Array.from({ length: this.#layout.fileCount }, () => -1);
    for (const piece of this.#pieces.keys()) {
      for (const { file } of this.#layout.spansOfPiece(piece)) {
        if (!this.#layout.isPadding(file)) sizes[file] = this.#layout.lengthOf(file);
      }
    }
    for (let file = 0; file < sizes.length && this.#pieces.size > 0; file++) {
      if (this.#layout.lengthOf(file) === 0) sizes[file] = 0;
    }
    return FileStates.of(sizes.map((size) => ({ size, mtime: 0 })));
  }

  async close(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#closed = true;
    this.#pieces.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(piece: number): Verdict {
    const bytes = this.#bytesOf(piece);
    return bytes === undefined ? DAMAGED : this.#verifier.verify(this.#layout, piece, bytes);
  }

  /** The payload of a piece; that of padding is always there. */
  #bytesOf(piece: number): Uint8Array | undefined {
    if (this.#layout.payloadLengthAt(piece) === 0) return NOTHING;
    return this.#pieces.get(piece);
  }

  #assertOpen(): void {
    if (this.#closed) throw new DiskError('ERR_DISK_CLOSED', 'The storage is closed');
  }
}
