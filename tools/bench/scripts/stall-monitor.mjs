// @ts-check
/** How long the event loop of this thread keeps others waiting, looked at all the time: the first stall counts as every other. */
import { setInterval } from 'node:timers';

/** Between two looks, in ms; it is not part of a stall. */
const PERIOD = 1;

export class StallMonitor {
  #last = performance.now();
  #longest = 0;

  constructor() {
    setInterval(() => this.#look(), PERIOD).unref();
  }

  /** The longest stall since it was last asked, in ms. */
  take() {
    this.#look();
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }

  #look() {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last - PERIOD);
    this.#last = now;
  }
}
