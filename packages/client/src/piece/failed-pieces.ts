import type { TakenPiece } from './piece-picker.ts';

/**
 * Failed pieces of one torrent whose bytes are kept while somebody is asked which blocks are bad. Each holds a piece buffer, so
 * there are few: data is rarely corrupt, and a swarm of liars must not take the memory.
 */
const MAX_KEPT = 4;

/** Milliseconds after which nobody is expected to answer any more: two peers may have been asked, 3 s each. */
const KEEP_TIME = 10_000;

/** A piece that failed, with its bytes. */
export interface FailedPiece<P> {
  /** With the buffer that came back from the disk. */
  readonly taken: TakenPiece<P>;
  /** SHA-256 of each block as it came, 32 bytes each. */
  readonly leaves: Uint8Array;
  /** Monotonic ms. */
  readonly since: number;
}

/** Failed pieces that wait for a verdict on each of their blocks. */
export class FailedPieces<P> {
  readonly #kept = new Map<number, FailedPiece<P>>();

  get hasRoom(): boolean {
    return this.#kept.size < MAX_KEPT;
  }

  keep(failed: FailedPiece<P>): void {
    this.#kept.set(failed.taken.piece, failed);
  }

  get(piece: number): FailedPiece<P> | undefined {
    return this.#kept.get(piece);
  }

  take(piece: number): FailedPiece<P> | undefined {
    const failed = this.#kept.get(piece);
    this.#kept.delete(piece);
    return failed;
  }

  /** Pieces that have waited long enough by `now`; all for Infinity. */
  overdue(now: number): number[] {
    const pieces: number[] = [];
    for (const [piece, { since }] of this.#kept) if (now - since >= KEEP_TIME) pieces.push(piece);
    return pieces;
  }
}
