import { DiskError } from '../errors.ts';
import type { PieceWrite, TorrentStorage } from './storage.ts';

/**
 * `TorrentStorage.writePiece`, which never rejects, also of a storage that does, or that does not give the buffer back: one
 * handed in by an embedder. A buffer that is lost with it is replaced, so that the owner's count stays right.
 */
export async function writeGuarded(
  storage: TorrentStorage,
  piece: number,
  buffer: ArrayBuffer,
  length: number,
  wantBlockHashes: boolean,
): Promise<PieceWrite> {
  const size = buffer.byteLength;
  try {
    const result = await storage.writePiece(piece, buffer, length, wantBlockHashes);
    const { byteLength } = result.buffer;
    if (byteLength === size) return result;
    throw new DiskError(
      'ERR_DISK_STORAGE',
      `The storage gave back a buffer of ${byteLength} bytes for piece ${piece}, not the ${size} it was handed`,
    );
  } catch (error) {
    return {
      outcome: 'failed',
      buffer: buffer.byteLength === size ? buffer : new ArrayBuffer(size),
      blockHashes: undefined,
      error: error instanceof Error ? error : new Error(String(error)),
    };
  }
}
