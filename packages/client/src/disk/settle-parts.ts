import { InconsistentHashesError } from '../errors.ts';
import { SETTLE_TASK_PIECES } from './disk-limits.ts';
import type { DiskPool } from './disk-pool.ts';
import { SLOT_DAMAGED, SLOT_FREED, SLOT_INCONSISTENT } from './disk-protocol.ts';
import type { FileSyncer } from './file-syncer.ts';
import type { StorageWork } from './storage-work.ts';

/**
 * Moves data of files that are wanted by now out of the parts file. Slots must not be given out meanwhile. Throws
 * {@link InconsistentHashesError}, when all has been moved that can be.
 */
export async function settleParts(
  work: StorageWork,
  pool: DiskPool,
  syncer: FileSyncer,
): Promise<void> {
  const { id: storage, parts } = work;
  const all = [...parts.slots];
  const freed: number[] = [];
  let inconsistent: number | undefined;
  for (let from = 0; from < all.length; from += SETTLE_TASK_PIECES) {
    const batch = all.slice(from, from + SETTLE_TASK_PIECES);
    const pieces = Uint32Array.from(batch, ([piece]) => piece);
    const slots = Int32Array.from(batch, ([, slot]) => slot);
    const results = await pool.run({ kind: 'settle', storage, pieces, slots });
    for (const [index, piece] of pieces.entries()) {
      const result = results?.[index];
      if (result === SLOT_FREED || result === SLOT_DAMAGED) freed.push(piece);
      if (result === SLOT_INCONSISTENT) inconsistent ??= piece;
      // Of a slot that was torn nothing was copied.
      if (result !== SLOT_DAMAGED) work.markDirty(piece, slots[index] ?? -1);
    }
  }
  if (freed.length > 0) await clearSlots(work, pool, syncer, freed);
  if (inconsistent !== undefined) throw new InconsistentHashesError(inconsistent);
}

/** The slots go once what was in them is durable elsewhere: in between, a power failure would leave neither. */
async function clearSlots(
  work: StorageWork,
  pool: DiskPool,
  syncer: FileSyncer,
  freed: readonly number[],
): Promise<void> {
  await work.sync(syncer);
  for (let from = 0; from < freed.length; from += SETTLE_TASK_PIECES) {
    const pieces = Uint32Array.from(freed.slice(from, from + SETTLE_TASK_PIECES));
    await pool.run({ kind: 'clear-slots', storage: work.id, pieces });
    for (const piece of pieces) {
      work.parts.clear(piece);
    }
  }
  work.partsChanged();
}
