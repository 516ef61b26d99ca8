import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work after which everything else has its turn: nobody notices that much. */
const MOST_WORK = 8;
/** Milliseconds. Work that takes longer once has met a disk that is slow: then it is better waited for. */
const SLOW = 20;

/** Lets the event loop have its turns between many small pieces of work, of which each looks at the disk. */
export class Turns {
  #since = performance.now();
  #slow = false;

  /** Does `work`, unless work has been found to be slow: then it is undefined. */
  run<T>(work: () => T): T | undefined {
    if (this.#slow) return undefined;
    const before = performance.now();
    const result = work();
    this.#slow = performance.now() - before > SLOW;
    return result;
  }

  /** Resolves at once, or when all others have had their turn. */
  async yield(): Promise<void> {
    if (performance.now() - this.#since < MOST_WORK) return;
    await nextTurn();
    this.#since = performance.now();
  }
}
