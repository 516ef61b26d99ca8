import type { Clock, Timer } from '@shoal/net';

interface Entry {
  at: number;
  order: number;
  callback: () => void;
}

/** Lets promise reactions run until nothing more happens on its own. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  #order = 0;
  readonly #entries = new Set<Entry>();

  get pending(): number {
    return this.#entries.size;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#now;
  }

  setTimer(callback: () => void, delay: number): Timer {
    const entry = { at: this.#now + Math.max(0, delay), order: this.#order++, callback };
    this.#entries.add(entry);
    return { cancel: () => this.#entries.delete(entry) };
  }

  setRepeating(callback: () => void, period: number): Timer {
    let timer = this.setTimer(tick.bind(this), period);
    function tick(this: ManualClock): void {
      timer = this.setTimer(tick.bind(this), period);
      callback();
    }
    return { cancel: () => timer.cancel() };
  }

  /** Moves time on by `milliseconds`, making the calls that fall due on the way. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (;;) {
      const [next] = [...this.#entries].sort((a, b) => a.at - b.at || a.order - b.order);
      if (next === undefined || next.at > end) break;
      this.#entries.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}
