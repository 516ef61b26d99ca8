import { InconsistentHashesError } from '../errors.ts';
import { CHECK_TASK_BYTES, LAST_CHECK_TASK_BYTES } from './disk-limits.ts';
import type { DiskPool } from './disk-pool.ts';
import { allDone } from './file-io.ts';
import { INCONSISTENT, WHOLE } from './piece-verifier.ts';

export interface CheckTasks {
  readonly pool: DiskPool;
  /** The number the pool knows the torrent by. */
  readonly storage: number;
  readonly pieceLength: number;
  /** Slot in the parts file by piece. */
  readonly slots: ReadonlyMap<number, number>;
  /** Pieces to be hashed. */
  readonly pieces: readonly number[];
  /** Of each piece, in any order. */
  readonly onPiece: (piece: number, whole: boolean) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Has the pool hash pieces where they lie, in tasks of a few megabytes. Rejects with a `DiskError`, an
 * `InconsistentHashesError` or the signal's reason.
 */
export async function runCheckTasks(tasks: CheckTasks): Promise<void> {
  const { pool, storage, pieceLength, slots, pieces, onPiece, signal } = tasks;
  const most = Math.max(1, Math.floor(CHECK_TASK_BYTES / pieceLength));
  const least = Math.max(1, Math.floor(LAST_CHECK_TASK_BYTES / pieceLength));
  let next = 0;
  let failed = false;
  const isOver = () => failed || signal?.aborted === true;
  const work = async () => {
    while (next < pieces.length && !isOver()) {
      // The last tasks are smaller, so that the workers finish together.
      const share = Math.ceil((pieces.length - next) / (2 * pool.concurrency));
      const count = Math.min(most, Math.max(least, share));
      const batch = Uint32Array.from(pieces.slice(next, (next += count)));
      const verdicts = await pool.run({
        kind: 'check',
        storage,
        pieces: batch,
        slots: slotsOf(slots, batch),
      });
      if (isOver()) break;
      for (const [index, piece] of batch.entries()) {
        const verdict = verdicts?.[index];
        if (verdict === INCONSISTENT) throw new InconsistentHashesError(piece);
        onPiece(piece, verdict === WHOLE);
      }
    }
    signal?.throwIfAborted();
  };
  const guarded = () =>
    work().catch((error: unknown) => {
      failed = true;
      throw error;
    });
  await allDone(Array.from({ length: pool.concurrency }, guarded));
}

export function slotsOf(
  slots: ReadonlyMap<number, number>,
  pieces: Uint32Array,
): Int32Array | undefined {
  if (slots.size === 0) return undefined;
  return Int32Array.from(pieces, (piece) => slots.get(piece) ?? -1);
}
