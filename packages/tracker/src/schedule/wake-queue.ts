import type { Clock, Timer } from '@shoal/net';

/** Someone to be woken at a time. One object is in one queue at most. */
export interface Sleeper {
  /** Clock time in milliseconds; the queue's to write. */
  wakeAt: number;
  /** Place in the queue, −1 outside of it; the queue's to write. */
  wakeSlot: number;
  /** Its time has come; it is in the queue no more. */
  onWake(): void;
}

/**
 * Wakes any number of sleepers with a single timer: a torrent that waits for its next announce costs a place in an array.
 * It is a binary heap, earliest first.
 */
export class WakeQueue {
  readonly #clock: Clock;
  readonly #heap: Sleeper[] = [];
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #waking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Wakes `sleeper` at `at` (clock time in milliseconds, not `Infinity`), in place of any time set before; never during the call. */
  set(sleeper: Sleeper, at: number): void {
    sleeper.wakeAt = at;
    if (sleeper.wakeSlot < 0) {
      sleeper.wakeSlot = this.#heap.length;
      this.#heap.push(sleeper);
    }
    this.#place(sleeper);
    this.#arm();
  }

  /** Lets `sleeper` sleep. Idempotent. */
  delete(sleeper: Sleeper): void {
    const slot = sleeper.wakeSlot;
    if (slot < 0) return;
    sleeper.wakeSlot = -1;
    const last = this.#heap.pop();
    if (last !== undefined && last !== sleeper) {
      last.wakeSlot = slot;
      this.#heap[slot] = last;
      this.#place(last);
    }
    this.#arm();
  }

  /** Moves a sleeper to where its time belongs. */
  #place(sleeper: Sleeper): void {
    const heap = this.#heap;
    let slot = sleeper.wakeSlot;
    for (;;) {
      const parentSlot = (slot - 1) >> 1;
      const parent = slot === 0 ? undefined : heap[parentSlot];
      if (parent === undefined || parent.wakeAt <= sleeper.wakeAt) break;
      heap[slot] = parent;
      parent.wakeSlot = slot;
      slot = parentSlot;
    }
    for (;;) {
      const left = heap[2 * slot + 1];
      const right = heap[2 * slot + 2];
      const child =
        right !== undefined && left !== undefined && right.wakeAt < left.wakeAt ? right : left;
      if (child === undefined || child.wakeAt >= sleeper.wakeAt) break;
      const childSlot = child.wakeSlot;
      heap[slot] = child;
      child.wakeSlot = slot;
      slot = childSlot;
    }
    heap[slot] = sleeper;
    sleeper.wakeSlot = slot;
  }

  /** Sets the timer for the first of them, unless it is set for that. */
  #arm(): void {
    if (this.#waking) return;
    const at = this.#heap[0]?.wakeAt ?? Infinity;
    if (at === this.#timerAt) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = at;
    if (at === Infinity) return;
    this.#timer = this.#clock.setTimer(() => this.#wake(), Math.max(0, at - this.#clock.now()));
  }

  #wake(): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#waking = true;
    const now = this.#clock.now();
    try {
      // No more turns than there were sleepers: one that sets its time to now, again and again, must not stop the clock.
      for (let turns = this.#heap.length; turns > 0; turns -= 1) {
        const first = this.#heap[0];
        if (first === undefined || first.wakeAt > now) break;
        this.delete(first);
        first.onWake();
      }
    } finally {
      this.#waking = false;
      this.#arm();
    }
  }
}
