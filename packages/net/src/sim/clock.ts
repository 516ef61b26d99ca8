import type { Clock, Timer } from '../contracts.ts';
import type { SimKernel } from './kernel.ts';

/** Wall time at the start of a simulation: 2020-01-01T00:00Z, in milliseconds since 1970. */
export const WALL_TIME_AT_START = 1_577_836_800_000;

/** The clock of a simulated world: it moves only while the world runs. */
export class SimClock implements Clock {
  readonly #kernel: SimKernel;

  constructor(kernel: SimKernel) {
    this.#kernel = kernel;
  }

  now(): number {
    return this.#kernel.now;
  }

  wallTime(): number {
    return WALL_TIME_AT_START + Math.floor(this.#kernel.now);
  }

  setTimer(callback: () => void, delay: number): Timer {
    const kernel = this.#kernel;
    const event = kernel.at(kernel.now + Math.max(0, delay), () => kernel.callOrReport(callback));
    return { cancel: () => kernel.cancel(event) };
  }

  setRepeating(callback: () => void, period: number): Timer {
    const kernel = this.#kernel;
    // A period of nothing would never let virtual time move on.
    const step = Math.max(1, period);
    let cancelled = false;
    const fire = (): void => {
      event = kernel.at(kernel.now + step, fire);
      kernel.callOrReport(callback);
    };
    let event = kernel.at(kernel.now + step, fire);
    return {
      cancel: () => {
        if (cancelled) return;
        cancelled = true;
        kernel.cancel(event);
      },
    };
  }
}
