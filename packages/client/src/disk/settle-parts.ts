import { InconsistentHashesError } from '../errors.ts';
import { SETTLE_TASK_PIECES } from './disk-limits.ts';
import type { DiskPool } from './disk-pool.ts';
import { SLOT_FREED, SLOT_INCONSISTENT } from './disk-protocol.ts';
import type { StorageWork } from './storage-work.ts';

/**
 * Moves data of files that are wanted by now out of the parts file. Slots must not be given out meanwhile. Throws
 * {@link InconsistentHashesError}, when all has been moved that can be.
 */
export async function settleParts(work: StorageWork, pool: DiskPool): Promise<void> {
  const { id: storage, parts } = work;
  const all = [...parts.slots];
  let inconsistent: number | undefined;
  for (let from = 0; from < all.length; from += SETTLE_TASK_PIECES) {
    const batch = all.slice(from, from + SETTLE_TASK_PIECES);
    const pieces = Uint32Array.from(batch, ([piece]) => piece);
    const slots = Int32Array.from(batch, ([, slot]) => slot);
    const freed = await pool.run({ kind: 'settle', storage, pieces, slots });
    for (const [index, piece] of pieces.entries()) {
      work.markDirty(piece, slots[index] ?? -1);
      if (freed?.[index] === SLOT_FREED) parts.clear(piece);
      if (freed?.[index] === SLOT_INCONSISTENT) inconsistent ??= piece;
    }
  }
  if (inconsistent !== undefined) throw new InconsistentHashesError(inconsistent);
}
