/** Seconds of the rate that may be saved up and then spent at once. */
const BURST_TIME = 0.25;
/** Bytes that may always be saved up, so that a whole block with its header can go at any rate. */
const MIN_BURST = 32 * 1024;

/**
 * A token bucket for bytes, under an optional parent whose limit holds as well (a torrent's under the client's). Without a
 * limit it costs a comparison.
 */
export class RateLimiter {
  readonly #parent: RateLimiter | undefined;
  /** Bytes per second; 0: no limit. */
  #rate = 0;
  #tokens = 0;
  #filled = -1;

  /**
   * @param rate bytes per second; 0 or undefined: unlimited
   * @param parent holds as well
   */
  constructor(rate?: number, parent?: RateLimiter) {
    this.#parent = parent;
    this.setRate(rate);
  }

  /** Bytes per second, 0 where this limiter sets no limit. */
  get rate(): number {
    return this.#rate;
  }

  /** No limit is set, neither here nor above. */
  get unlimited(): boolean {
    return this.#rate === 0 && (this.#parent === undefined || this.#parent.unlimited);
  }

  /** Changes the limit. What was saved up is kept as far as the new burst allows. */
  setRate(rate: number | undefined): void {
    const before = this.#rate;
    this.#rate = rate !== undefined && rate > 0 && Number.isFinite(rate) ? rate : 0;
    if (before === 0) this.#filled = -1;
    else this.#tokens = Math.min(this.#tokens, this.#burst);
  }

  /** Takes up to `want` bytes; answers how many whole bytes may go now. `now` is monotonic, in milliseconds. */
  take(want: number, now: number): number {
    if (this.unlimited) return want;
    const granted = Math.max(0, Math.min(want, this.available(now)));
    this.#spend(granted);
    return granted;
  }

  /** Whole bytes that could be taken now; Infinity where there is no limit. */
  available(now: number): number {
    const above = this.#parent?.available(now) ?? Infinity;
    if (this.#rate === 0) return above;
    this.#fill(now);
    return Math.min(Math.floor(this.#tokens), above);
  }

  /**
   * Milliseconds until `bytes` can be taken at once, if nobody takes any before; 0 for now. More than a burst can never be
   * taken at once: then it is the time until the bucket is full.
   */
  delayUntil(bytes: number, now: number): number {
    const above = this.#parent?.delayUntil(bytes, now) ?? 0;
    if (this.#rate === 0) return above;
    this.#fill(now);
    const missing = Math.min(bytes, Math.floor(this.#burst)) - this.#tokens;
    return Math.max(above, missing <= 0 ? 0 : Math.ceil((missing * 1000) / this.#rate));
  }

  get #burst(): number {
    return Math.max(this.#rate * BURST_TIME, MIN_BURST);
  }

  #fill(now: number): void {
    if (this.#filled < 0) {
      this.#tokens = this.#burst;
      this.#filled = now;
    } else if (now > this.#filled) {
      const gained = ((now - this.#filled) * this.#rate) / 1000;
      this.#tokens = Math.min(this.#burst, this.#tokens + gained);
      this.#filled = now;
    }
  }

  #spend(bytes: number): void {
    if (this.#rate > 0) this.#tokens -= bytes;
    if (this.#parent !== undefined) this.#parent.#spend(bytes);
  }
}
