/**
 * Failures of a piece after which it is taken from one peer alone, so that the next failure convicts its sender. The first two
 * may be settled otherwise: by leaf hashes (BEP 52), or by what differs once the piece has come out right.
 */
const MAX_SHARED_FAILURES = 2;

/** Pieces whose hash was wrong, how often each. Memory: for those that failed and have not come out right since. */
export class SuspectPieces {
  readonly #failures = new Map<number, number>();

  /** Its hash was wrong, whoever sent it. */
  failed(piece: number): void {
    this.#failures.set(piece, (this.#failures.get(piece) ?? 0) + 1);
  }

  /** It is there. */
  settled(piece: number): void {
    this.#failures.delete(piece);
  }

  /** It is to be taken from one peer alone. */
  mustBeAlone(piece: number): boolean {
    return (this.#failures.get(piece) ?? 0) >= MAX_SHARED_FAILURES;
  }
}
