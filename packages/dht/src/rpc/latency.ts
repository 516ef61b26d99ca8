import {
  INITIAL_PATIENCE_MS,
  MAX_PATIENCE_MS,
  MAX_TIMEOUT_MS,
  MIN_PATIENCE_MS,
  MIN_TIMEOUT_MS,
  TIMEOUT_PER_PATIENCE,
} from '../limits.ts';

/** How fast the estimates follow, as for TCP (RFC 6298). */
const ROUND_TRIP_GAIN = 1 / 8;
const VARIATION_GAIN = 1 / 4;
const VARIATIONS = 4;

/**
 * How long nodes take to answer, and so how long to wait for one: as TCP estimates its retransmission time (RFC 6298), over all
 * nodes. Milliseconds.
 */
export class Latency {
  #roundTrip = 0;
  #variation = 0;
  #known = false;

  /** An answer came after so long. */
  sample(roundTrip: number): void {
    if (!this.#known) {
      this.#known = true;
      this.#roundTrip = roundTrip;
      this.#variation = roundTrip / 2;
      return;
    }
    const difference = Math.abs(roundTrip - this.#roundTrip);
    this.#variation += (difference - this.#variation) * VARIATION_GAIN;
    this.#roundTrip += (roundTrip - this.#roundTrip) * ROUND_TRIP_GAIN;
  }

  /** Smoothed round trip; 0 before the first sample. */
  get roundTrip(): number {
    return this.#roundTrip;
  }

  /** After so long somebody else is asked, too. */
  get patience(): number {
    if (!this.#known) return INITIAL_PATIENCE_MS;
    const wanted = this.#roundTrip + VARIATIONS * this.#variation;
    return Math.min(MAX_PATIENCE_MS, Math.max(MIN_PATIENCE_MS, wanted));
  }

  /** After so long there is no answer. */
  get timeout(): number {
    return Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, this.patience * TIMEOUT_PER_PATIENCE));
  }
}
