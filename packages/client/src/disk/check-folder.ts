import { runCheckTasks, slotsOf } from './check-tasks.ts';
import type { DiskPool } from './disk-pool.ts';
import { mayHoldAnything } from './presence.ts';
import type { StorageWork } from './storage-work.ts';

/**
 * Says of each of some pieces whether it stands in the folder, in any order. Where nothing of the torrent is there, none is read.
 * Rejects with a `DiskError`, an `InconsistentHashesError` or the signal's reason.
 */
export async function checkFolder(
  { id: storage, layout, parts: { slots } }: StorageWork,
  pool: DiskPool,
  pieces: readonly number[],
  onPiece: (piece: number, whole: boolean) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let suspects = pieces;
  if (slots.size === 0 && !(await mayHoldAnything(layout.data))) {
    signal?.throwIfAborted();
    // Pieces of padding only are there without a file.
    const isPadding = (piece: number) => layout.payloadLengthAt(piece) === 0;
    suspects = pieces.filter(isPadding);
    for (const piece of pieces) if (!isPadding(piece)) onPiece(piece, false);
    pool.warmUp();
    if (suspects.length === 0) return;
  }
  const { pieceLength } = layout.data;
  await runCheckTasks({ pool, storage, pieceLength, slots, pieces: suspects, onPiece, signal });
}

/** See `TorrentStorage.hashLeaves`. */
export async function leavesInFolder(
  { id: storage, parts: { slots } }: StorageWork,
  pool: DiskPool,
  piece: number,
  count: number,
): Promise<Uint8Array | undefined> {
  const pieces = Uint32Array.from({ length: count }, (_, index) => piece + index);
  const task = { storage, pieces, slots: slotsOf(slots, pieces) };
  const leaves = await pool.run({ kind: 'leaves', ...task });
  return leaves instanceof Uint8Array ? leaves : undefined;
}
