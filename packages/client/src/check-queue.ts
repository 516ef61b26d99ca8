/**
 * Torrents checked at a time, by default. One keeps all disk workers busy already; the others see to it that a torrent on a
 * disk that hangs does not hold up all the rest. A thousand at once would only have the disk seek.
 */
const DEFAULT_CHECKS = 4;

/** Has the torrents of a client check their data a few at a time, in the order of asking. */
export class CheckQueue {
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(limit: number = DEFAULT_CHECKS) {
    this.#limit = limit;
  }

  /** Runs `check` when it is its turn. Rejects with the signal's reason when that fires before, else as the check does. */
  async run<T>(check: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running >= this.#limit) await this.#wait(signal);
    else this.#running += 1;
    try {
      signal?.throwIfAborted();
      return await check();
    } finally {
      this.#next();
    }
  }

  /** Hands the place on to whoever has waited longest. */
  #next(): void {
    for (const go of this.#waiting) {
      go();
      return;
    }
    this.#running -= 1;
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        leave();
        resolve();
      };
      const aborted = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      const leave = (): void => {
        this.#waiting.delete(go);
        signal?.removeEventListener('abort', aborted);
      };
      this.#waiting.add(go);
      if (signal?.aborted === true) aborted();
      else signal?.addEventListener('abort', aborted);
    });
  }
}
