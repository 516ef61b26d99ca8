import type { Clock } from '@shoal/net';

/** How much is allowed: `rate` a second on average, `burst` at once. Both positive; `burst` at least 1. */
export interface RateLimit {
  readonly rate: number;
  readonly burst: number;
}

/** A budget that fills up with time (a token bucket): full at the start. */
export class TokenBucket {
  readonly #limit: RateLimit;
  readonly #clock: Pick<Clock, 'now'>;
  #level: number;
  #filledAt: number;

  constructor(limit: RateLimit, clock: Pick<Clock, 'now'>) {
    this.#limit = limit;
    this.#clock = clock;
    this.#level = limit.burst;
    this.#filledAt = clock.now();
  }

  /** What could be taken now, from 0 to the limit's `burst`. */
  get level(): number {
    const now = this.#clock.now();
    const gained = ((now - this.#filledAt) / 1000) * this.#limit.rate;
    this.#level = Math.min(this.#limit.burst, this.#level + Math.max(0, gained));
    this.#filledAt = now;
    return this.#level;
  }

  /** Takes `cost`, if there is as much; takes nothing otherwise. */
  tryTake(cost = 1): boolean {
    const { level } = this;
    if (level < cost) return false;
    this.#level = level - cost;
    return true;
  }
}
