import type { Clock } from '@shoal/net';
import { GateTurns } from './gate-turns.ts';
import type { RateLimiter } from './rate-limiter.ts';

/**
 * One direction of one torrent against its rate limits. Whoever finds no tokens waits in line; the line is served in turn
 * when its gate is.
 */
export class RateGate {
  readonly #limiter: RateLimiter;
  readonly #clock: Clock;
  readonly #line = new Map<object, () => void>();
  /** Bytes that came in although there were no tokens for them; new tokens pay for these first. */
  #debt = 0;
  readonly #turns: GateTurns;
  readonly #serve = (): void => this.#serveLine();

  /** @param turns shared by all gates under one limit */
  constructor(limiter: RateLimiter, clock: Clock, turns: GateTurns = new GateTurns(clock)) {
    this.#limiter = limiter;
    this.#clock = clock;
    this.#turns = turns;
  }

  /** No limit is set, here or above. */
  get unlimited(): boolean {
    return this.#limiter.unlimited;
  }

  /** Bytes came in that there have been no tokens for yet. */
  get exhausted(): boolean {
    // Nobody may be left in the line whose turn would pay the rest.
    if (this.#debt > 0) this.#pay(this.#clock.now());
    return this.#debt > 0;
  }

  /** How many of `bytes` may go now. */
  take(bytes: number, now: number): number {
    return bytes === 0 ? 0 : this.#limiter.take(bytes, now);
  }

  /** Counts bytes that have come already; false when they passed the limit, and the sender must be paused. */
  spend(bytes: number, now: number): boolean {
    this.#debt += bytes;
    this.#pay(now);
    return this.#debt === 0;
  }

  /** Has `serve` called when there are tokens again; one place in line for each `who`. */
  wait(who: object, serve: () => void): void {
    this.#line.set(who, serve);
    this.#turns.join(this.#serve);
  }

  /** Gives up a place in line. */
  forget(who: object): void {
    if (this.#line.delete(who)) this.#rest();
  }

  /** Gives up all places. */
  close(): void {
    this.#line.clear();
    this.#rest();
  }

  #serveLine(): void {
    if (this.exhausted) return;
    const [first, ...others] = this.#line;
    this.#line.clear();
    // Whoever is served first may take all there is and come back into the line: next time it is another's turn.
    for (const [, serve] of others) serve();
    if (first !== undefined) first[1]();
    this.#rest();
  }

  #pay(now: number): void {
    this.#debt -= this.#limiter.take(this.#debt, now);
  }

  #rest(): void {
    if (this.#line.size === 0) this.#turns.leave(this.#serve);
  }
}
