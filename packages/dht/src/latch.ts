/** Something that is waited for and happens once. */
export class Latch {
  #isOpen = false;
  readonly #waiting = new Set<() => void>();

  /** It has happened. Idempotent. */
  open(): void {
    this.#isOpen = true;
    for (const resolve of this.#waiting) resolve();
  }

  /** Resolves when it has happened. Rejects with the reason of whichever signal says so first. */
  wait(...signals: readonly AbortSignal[]): Promise<void> {
    return new Promise((resolve, reject) => {
      for (const signal of signals) signal.throwIfAborted();
      if (this.#isOpen) {
        resolve();
        return;
      }
      const end = (): void => {
        for (const signal of signals) signal.removeEventListener('abort', onAbort);
        this.#waiting.delete(onOpen);
      };
      const onAbort = (): void => {
        end();
        reject(signals.find(({ aborted }) => aborted)?.reason as Error);
      };
      const onOpen = (): void => {
        end();
        resolve();
      };
      for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(onOpen);
    });
  }
}
