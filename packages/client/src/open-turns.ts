/** Torrents opened in one turn of the event loop: about 3 ms of work where their data is trusted. */
const PER_TURN = 64;

/**
 * Has torrents opened in later turns of the event loop than the one that adds them, a few in each: whoever adds one hears of
 * all it goes through, and thousands added at once do not hold up everything else.
 */
export class OpenTurns {
  readonly #waiting: (() => void)[] = [];

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) setImmediate(this.#run);
    });
  }

  readonly #run = (): void => {
    for (const go of this.#waiting.splice(0, PER_TURN)) go();
    if (this.#waiting.length > 0) setImmediate(this.#run);
  };
}
