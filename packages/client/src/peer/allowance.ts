/** How often somebody may do what costs us something: so many times at once, and a few each second after that. */
export class Allowance {
  readonly #most: number;
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** @param now monotonic ms, as in {@link take} */
  constructor(most: number, perSecond: number, now: number) {
    this.#most = this.#left = most;
    this.#perSecond = perSecond;
    this.#at = now;
  }

  /** Once more; false where it was too often. */
  take(now: number): boolean {
    this.#left = Math.min(this.#most, this.#left + ((now - this.#at) * this.#perSecond) / 1000);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
