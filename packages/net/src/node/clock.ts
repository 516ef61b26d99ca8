import type { Clock, Timer } from '../contracts.ts';

/** Longest delay Node's timers take, in milliseconds; a longer one would fire at once. */
const LONGEST_DELAY = 2_147_483_647;

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout | undefined;
  readonly #stop: (handle: NodeJS.Timeout) => void;

  constructor(handle: NodeJS.Timeout, stop: (handle: NodeJS.Timeout) => void) {
    handle.unref();
    this.#handle = handle;
    this.#stop = stop;
  }

  cancel(): void {
    if (this.#handle === undefined) return;
    this.#stop(this.#handle);
    this.#handle = undefined;
  }
}

/**
 * The real clock. Its timers do not keep the process alive, and a delay beyond 2^31-1 ms (24.8 days) is cut to that. What
 * a callback throws is an uncaught exception, as with `setTimeout`.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer: (callback, delay) =>
    new SystemTimer(setTimeout(callback, Math.min(delay, LONGEST_DELAY)), clearTimeout),
  setRepeating: (callback, period) =>
    new SystemTimer(setInterval(callback, Math.min(period, LONGEST_DELAY)), clearInterval),
};
