import type { Clock, Timer } from '../../../packages/net/src/index.ts';

/** A clock that stands still until it is told to go on; timers end in their order. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#now;
  }

  setTimer(run: () => void, delay: number): Timer {
    const timer = { at: this.#now + delay, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  setRepeating(run: () => void, period: number): Timer {
    let timer = this.setTimer(() => undefined, 0);
    const again = (): void => {
      timer.cancel();
      timer = this.setTimer(() => {
        again();
        run();
      }, period);
    };
    again();
    return { cancel: () => timer.cancel() };
  }

  /** Lets milliseconds pass. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = this.#next(end);
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = end;
  }

  /** The timer that ends first, of those that end until then. */
  #next(end: number): { readonly at: number; readonly run: () => void } | undefined {
    let first: { readonly at: number; readonly run: () => void } | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && timer.at < (first?.at ?? Infinity)) first = timer;
    }
    return first;
  }
}
