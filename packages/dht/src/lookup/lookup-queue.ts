import { DhtError } from '../errors.ts';

/** Whose lookup comes first: `high` is for what somebody waits for, `low` for upkeep. */
export type LookupPriority = 'high' | 'normal' | 'low';

/** How the turns go round, so that nobody starves. */
const TURNS: readonly LookupPriority[] = [
  'high',
  'high',
  'normal',
  'high',
  'high',
  'normal',
  'low',
];

interface Waiting {
  readonly start: () => void;
}

/** Lets a bounded number of lookups run; others wait for their turn, of equal priority in the order in which they came. */
export class LookupQueue {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting: Readonly<Record<LookupPriority, Set<Waiting>>> = {
    high: new Set(),
    normal: new Set(),
    low: new Set(),
  };
  #running = 0;
  #turn = 0;

  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    const { high, normal, low } = this.#waiting;
    return high.size + normal.size + low.size;
  }

  /**
   * Runs `task` when it is its turn.
   * @throws DhtError `ERR_DHT_BUSY` when too many wait; the signal's reason, also while the task waits
   */
  async run<T>(priority: LookupPriority, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#running < this.#maxRunning) this.#running++;
    else await this.#wait(priority, signal);
    try {
      return await task();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  #wait(priority: LookupPriority, signal: AbortSignal): Promise<void> {
    if (this.waiting >= this.#maxWaiting) {
      throw new DhtError('ERR_DHT_BUSY', `${this.#maxWaiting} lookups are waiting already`);
    }
    return new Promise((resolve, reject) => {
      const queue = this.#waiting[priority];
      const entry: Waiting = {
        start: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        queue.delete(entry);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.add(entry);
    });
  }

  #next(): void {
    for (let tried = 0; tried < TURNS.length; tried++) {
      const priority = TURNS[this.#turn] ?? 'normal';
      this.#turn = (this.#turn + 1) % TURNS.length;
      const queue = this.#waiting[priority];
      for (const entry of queue) {
        queue.delete(entry);
        this.#running++;
        entry.start();
        return;
      }
    }
  }
}
