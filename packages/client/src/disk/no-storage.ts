import type { TorrentInfo } from '@shoal/metainfo';
import { fileColumns } from '@shoal/metainfo';
import { DiskError } from '../errors.ts';
import { FileStates } from './file-states.ts';
import type { PieceWrite, TorrentStorage } from './storage.ts';

/** Pieces between two turns of the event loop. */
const TURN_PIECES = 65_536;

/** Holds nothing and takes nothing: for a torrent of which only the metadata is wanted. */
export class NoStorage implements TorrentStorage {
  readonly #info: TorrentInfo;

  constructor(info: TorrentInfo) {
    this.#info = info;
  }

  async writePiece(_piece: number, buffer: ArrayBuffer): Promise<PieceWrite> {
    await Promise.resolve();
    return { outcome: 'failed', buffer, blockHashes: undefined, error: nothingHere() };
  }

  async readBlocks(): Promise<void> {
    await Promise.resolve();
    throw nothingHere();
  }

  async checkPieces(
    pieces: readonly number[],
    onPiece: (piece: number, whole: boolean) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index % TURN_PIECES === 0) await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      onPiece(piece, false);
    }
  }

  async setWanted(): Promise<void> {
    await Promise.resolve();
  }

  async sync(): Promise<void> {
    await Promise.resolve();
  }

  async fileStates(): Promise<FileStates> {
    await Promise.resolve();
    const none = { size: -1, mtime: 0 };
    return FileStates.of(Array.from({ length: fileColumns(this.#info).size }, () => none));
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

function nothingHere(): DiskError {
  const message = 'Only the metadata of the torrent is wanted: it has no files';
  return new DiskError('ERR_DISK_UNSUPPORTED', message);
}
