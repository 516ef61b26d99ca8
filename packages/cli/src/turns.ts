/** Milliseconds of work after which everything else has its turn: nobody notices that much. */
const MOST_WORK = 8;
/** Milliseconds. Work that takes longer once has met a disk that is slow: then it is better waited for. */
const SLOW = 20;

/** Milliseconds. Not `performance`, which Node loads when it is first used, for two milliseconds; a step of the clock does no harm. */
const now = Date.now;

/** Lets the event loop have its turns between many small pieces of work, of which each looks at the disk. */
export class Turns {
  #since = now();
  #slow = false;

  /** Does `work`, unless work has been found to be slow: then it is undefined. */
  run<T>(work: () => T): T | undefined {
    if (this.#slow) return undefined;
    const before = now();
    const result = work();
    this.#slow = now() - before > SLOW;
    return result;
  }

  /** Resolves at once, or when all others have had their turn. */
  async yield(): Promise<void> {
    if (now() - this.#since < MOST_WORK) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#since = now();
  }
}
