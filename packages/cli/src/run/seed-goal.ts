import type { EngineTorrent } from '../engine.ts';

/** Until when a complete torrent is seeded. Without any of the three: not at all. */
export interface SeedGoal {
  readonly forever?: boolean | undefined;
  /** Uploaded bytes over those downloaded, or those that are there where that is more. */
  readonly ratio?: number | undefined;
  /** Milliseconds. */
  readonly time?: number | undefined;
}

/** Milliseconds between two looks at what was uploaded. */
const LOOK_INTERVAL = 500;

type Seeding = Pick<EngineTorrent, 'progress'>;

interface Waiting {
  /** When it began to be seeded, ms of `performance.now()`. */
  readonly since: number;
  readonly resolve: () => void;
}

/** Sees torrents to their goals: one timer for all of them, and none where they are seeded for ever. */
export class SeedGoals implements Disposable {
  readonly #goal: SeedGoal;
  readonly #waiting = new Map<Seeding, Waiting>();
  #ticker: NodeJS.Timeout | undefined;

  constructor(goal: SeedGoal) {
    this.#goal = goal;
  }

  /** Resolves when the goal is reached, or the torrent is given up. */
  reached(torrent: Seeding): Promise<void> {
    const { forever = false, ratio, time } = this.#goal;
    if (!forever && ratio === undefined && time === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = { since: performance.now(), resolve };
      if (!forever && this.#isReached(torrent, waiting)) {
        resolve();
        return;
      }
      this.#waiting.set(torrent, waiting);
      if (!forever) this.#ticker ??= setInterval(() => this.#look(), LOOK_INTERVAL);
    });
  }

  /** There is nothing to wait for any more: it failed. */
  giveUp(torrent: Seeding): void {
    this.#waiting.get(torrent)?.resolve();
    this.#remove(torrent);
  }

  /** Ends the timer. What is waited for stays open. */
  [Symbol.dispose](): void {
    clearInterval(this.#ticker);
    this.#waiting.clear();
  }

  #look(): void {
    for (const [torrent, waiting] of this.#waiting) {
      if (!this.#isReached(torrent, waiting)) continue;
      waiting.resolve();
      this.#remove(torrent);
    }
  }

  #isReached(torrent: Seeding, { since }: Waiting): boolean {
    const { ratio, time } = this.#goal;
    if (time !== undefined && performance.now() - since >= time) return true;
    if (ratio === undefined) return false;
    const { totalBytes, ratio: overall } = torrent.progress();
    // Of nothing there is nothing to give.
    return overall >= ratio || totalBytes === 0;
  }

  #remove(torrent: Seeding): void {
    this.#waiting.delete(torrent);
    if (this.#waiting.size > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }
}
