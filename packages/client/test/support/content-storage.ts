import { hashBlocks } from '@shoal/metainfo';
import { BLOCK_LENGTH } from '@shoal/peer-wire';
import {
  type BlockRead,
  FileStates,
  type PieceWrite,
  type TorrentStorage,
} from '../../src/index.ts';
import { sha1, type TestTorrent } from '../disk/fixture.ts';

/** What a test may have go wrong in a {@link ContentStorage}. */
export interface StorageFaults {
  /** Thrown by the next write while set. */
  writeError?: Error | undefined;
  /** Thrown by reads while set. */
  readError?: Error | undefined;
  /** Thrown by checks while set. */
  checkError?: Error | undefined;
  /** Writes wait for it. */
  beforeWrite?: ((piece: number) => Promise<void>) | undefined;
  /** Spoils what is read for upload; what the owner itself has stays right. */
  spoil?: ((block: Uint8Array, read: BlockRead) => void) | undefined;
}

/**
 * Storage for swarms of many clients in one process: it compares pieces with the content they should have and remembers
 * only which ones are there, so that fifty clients cost the memory of one.
 */
export class ContentStorage implements TorrentStorage {
  readonly faults: StorageFaults = {};
  readonly written: number[] = [];
  wanted: readonly boolean[] = [];
  closed = false;
  readonly #torrent: TestTorrent;
  readonly #have: Set<number>;

  constructor(torrent: TestTorrent, have: Iterable<number> | 'all' = []) {
    this.#torrent = torrent;
    this.#have = new Set(have === 'all' ? Array(torrent.info.pieceCount).keys() : have);
  }

  has(piece: number): boolean {
    return this.#have.has(piece);
  }

  /** Forgets a piece, as a file does that somebody has damaged. */
  lose(piece: number): void {
    this.#have.delete(piece);
  }

  async writePiece(
    piece: number,
    buffer: ArrayBuffer,
    length: number,
    wantBlockHashes: boolean,
  ): Promise<PieceWrite> {
    await this.faults.beforeWrite?.(piece);
    const bytes = new Uint8Array(buffer, 0, length);
    const whole = Buffer.compare(bytes, this.#torrent.bytesOf(piece)) === 0;
    const error = whole ? this.faults.writeError : undefined;
    if (whole && error === undefined) {
      this.#have.add(piece);
      this.written.push(piece);
    }
    const outcome = !whole ? 'corrupt' : error === undefined ? 'written' : 'failed';
    return {
      outcome,
      buffer,
      blockHashes: outcome === 'corrupt' || wantBlockHashes ? this.#blockHashes(bytes) : undefined,
      error,
    };
  }

  #blockHashes(bytes: Uint8Array): Uint8Array {
    return this.#torrent.info.infoHashV2 === undefined ? blockHashes(bytes) : hashBlocks(bytes);
  }

  async readBlocks(target: Uint8Array, reads: readonly BlockRead[]): Promise<void> {
    await Promise.resolve();
    if (this.faults.readError !== undefined) throw this.faults.readError;
    for (const read of reads) {
      const { piece, begin, length, at } = read;
      if (!this.#have.has(piece)) throw new Error(`piece ${piece} was read but never written`);
      target.set(this.#torrent.blockOf(piece, begin, length), at);
      this.faults.spoil?.(target.subarray(at, at + length), read);
    }
  }

  async checkPieces(
    pieces: readonly number[],
    onPiece: (piece: number, whole: boolean) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    await Promise.resolve();
    if (this.faults.checkError !== undefined) throw this.faults.checkError;
    for (const piece of pieces) {
      if (piece % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      onPiece(piece, this.#have.has(piece));
    }
  }

  async setWanted(wanted: readonly boolean[]): Promise<void> {
    await Promise.resolve();
    this.wanted = wanted;
  }

  async sync(): Promise<void> {
    await Promise.resolve();
  }

  async fileStates(): Promise<FileStates> {
    await Promise.resolve();
    const files = this.#torrent.info.files;
    return FileStates.of(files.map(({ length }) => ({ size: length, mtime: 0 })));
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.closed = true;
  }
}

function blockHashes(bytes: Uint8Array): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK_LENGTH)
    hashes.push(sha1(bytes.subarray(at, at + BLOCK_LENGTH)));
  return Buffer.concat(hashes);
}
