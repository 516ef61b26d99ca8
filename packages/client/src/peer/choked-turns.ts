/**
 * Choked peers that are sent something at the same time. With as many as ask, all who wait would share the line with those few that
 * have an upload slot, and a slow seed would send the same pieces to everybody before it has sent each piece once.
 */
const MAX_TURNS = 1;

/** Milliseconds after which a turn is over for the others, however slowly the peer reads. */
const TURN_TIME = 10_000;

/** Somebody's queue of uploads. */
interface Queue {
  pump(): void;
}

/** Whose turn it is to be sent an allowed-fast piece (BEP 6) while choked: few at a time, those who wait in order. */
export class ChokedTurns {
  /** Those that have one, and since when, monotonic ms; the oldest first. */
  readonly #taken = new Map<Queue, number>();
  readonly #waiting = new Set<Queue>();

  /** True: one batch may be sent. Else the queue is pumped when its turn has come. */
  take(queue: Queue, now: number): boolean {
    if (this.#taken.size < MAX_TURNS) {
      this.#waiting.delete(queue);
      this.#taken.set(queue, now);
      return true;
    }
    this.#waiting.add(queue);
    return false;
  }

  /** The batch has left, or the queue is no more. */
  end(queue: Queue): void {
    this.#waiting.delete(queue);
    if (this.#taken.delete(queue)) this.#next();
  }

  /** Once a second: whoever holds others up does so no longer. */
  tick(now: number): void {
    for (const [queue, since] of this.#taken) {
      if (now - since >= TURN_TIME) this.end(queue);
    }
  }

  #next(): void {
    // A queue that is pumped takes a turn, or has nothing to send any more.
    for (const queue of this.#waiting) {
      if (this.#taken.size >= MAX_TURNS) return;
      this.#waiting.delete(queue);
      queue.pump();
    }
  }
}
