/** Promises for pieces that are not there yet. */
export class PieceWaiters {
  readonly #waiting = new Map<number, Set<() => void>>();
  readonly #failed = new Set<(error: Error) => void>();

  /** Pieces somebody waits for. */
  get pieces(): number[] {
    return [...this.#waiting.keys()];
  }

  /** Resolves when {@link arrived} is called for the piece; rejects with the signal's reason, or when {@link fail} is. */
  wait(piece: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const set = this.#waiting.get(piece) ?? new Set();
      this.#waiting.set(piece, set);
      const settle = (): void => {
        set.delete(arrived);
        if (set.size === 0) this.#waiting.delete(piece);
        this.#failed.delete(failed);
        signal.removeEventListener('abort', aborted);
      };
      const arrived = (): void => {
        settle();
        resolve();
      };
      const failed = (error: Error): void => {
        settle();
        reject(error);
      };
      const aborted = (): void => failed(signal.reason as Error);
      set.add(arrived);
      this.#failed.add(failed);
      signal.addEventListener('abort', aborted);
    });
  }

  /** The piece is verified. */
  arrived(piece: number): void {
    const waiting = this.#waiting.get(piece);
    if (waiting !== undefined) for (const call of [...waiting]) call();
  }

  /** Nothing more will come. */
  fail(error: Error): void {
    for (const call of [...this.#failed]) call(error);
  }
}
