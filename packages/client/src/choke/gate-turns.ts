import type { Clock, Timer } from '@shoal/net';

/** Milliseconds between two looks at the tokens while somebody waits: fine enough for smooth transfer. */
const GATE_PERIOD = 50;

/**
 * Has rate gates look for new tokens, each beginning in its turn: gates of several torrents under one limit of the client
 * share it, and whoever looks first may take all there is. The timer runs only while a gate waits.
 */
export class GateTurns {
  readonly #clock: Clock;
  /** What serves each gate that waits; the first is the last one to be served next. */
  readonly #gates = new Set<() => void>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `serve` from now on, every time, until it leaves. */
  join(serve: () => void): void {
    this.#gates.add(serve);
    this.#timer ??= this.#clock.setRepeating(() => this.#run(), GATE_PERIOD);
  }

  leave(serve: () => void): void {
    this.#gates.delete(serve);
    if (this.#gates.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #run(): void {
    for (const first of this.#gates) {
      this.#gates.delete(first);
      this.#gates.add(first);
      break;
    }
    for (const serve of [...this.#gates]) if (this.#gates.has(serve)) serve();
  }
}
