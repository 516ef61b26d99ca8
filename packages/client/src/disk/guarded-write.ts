import type { PieceWrite, TorrentStorage } from './storage.ts';

/**
 * `TorrentStorage.writePiece`, which never rejects, also of a storage that does: one handed in by an embedder. A buffer that is
 * lost with it is replaced, so that the owner's count stays right.
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
    return await storage.writePiece(piece, buffer, length, wantBlockHashes);
  } catch (error) {
    return {
      outcome: 'failed',
      buffer: buffer.byteLength === size ? buffer : new ArrayBuffer(size),
      blockHashes: undefined,
      error: error instanceof Error ? error : new Error(String(error)),
    };
  }
}
