import type { Clock, Timer } from '../contracts.ts';
import type { SimEvent } from './event-queue.ts';
import type { SimKernel } from './kernel.ts';

/** Wall time at the start of a simulation: 2020-01-01T00:00Z, in milliseconds since 1970. */
export const WALL_TIME_AT_START = 1_577_836_800_000;

/** A timer that has not gone off. */
interface Pending {
  event: SimEvent;
  readonly fire: () => void;
}

/** The clock of one host in a simulated world: it moves only while the world runs, or is moved by the scenario. */
export class SimClock implements Clock {
  readonly #kernel: SimKernel;
  readonly #pending = new Set<Pending>();
  /** Milliseconds by which it is ahead of the world. */
  #ahead = 0;
  #wallOffset = WALL_TIME_AT_START;

  constructor(kernel: SimKernel) {
    this.#kernel = kernel;
  }

  now(): number {
    return this.#kernel.now + this.#ahead;
  }

  wallTime(): number {
    return this.#wallOffset + Math.floor(this.now());
  }

  setTimer(callback: () => void, delay: number): Timer {
    const timer = this.#start(delay, () => {
      this.#pending.delete(timer);
      this.#kernel.callOrReport(callback);
    });
    return { cancel: () => this.#cancel(timer) };
  }

  setRepeating(callback: () => void, period: number): Timer {
    // A period of nothing would never let virtual time move on.
    const step = Math.max(1, period);
    const timer = this.#start(step, () => {
      timer.event = this.#kernel.at(this.#kernel.now + step, timer.fire);
      this.#kernel.callOrReport(callback);
    });
    return { cancel: () => this.#cancel(timer) };
  }

  /** See `SimHost.leap`. */
  leap(milliseconds: number): void {
    if (!(milliseconds >= 0)) throw new RangeError('a monotonic clock does not go back');
    this.#ahead += milliseconds;
    const kernel = this.#kernel;
    const pending = [...this.#pending].sort((one, other) => one.event.time - other.event.time);
    for (const timer of pending) {
      kernel.cancel(timer.event);
      timer.event = kernel.at(timer.event.time - milliseconds, timer.fire);
    }
  }

  /** See `SimHost.setWallTime`. */
  setWallTime(time: number): void {
    this.#wallOffset = time - Math.floor(this.now());
  }

  #start(delay: number, fire: () => void): Pending {
    const timer = { event: this.#kernel.at(this.#kernel.now + Math.max(0, delay), fire), fire };
    this.#pending.add(timer);
    return timer;
  }

  #cancel(timer: Pending): void {
    if (this.#pending.delete(timer)) this.#kernel.cancel(timer.event);
  }
}
