import type { Clock, Timer } from '../contracts.ts';

/**
 * Connections that are held although they are refused, by each listener and on top of those that were accepted. Each is a descriptor and
 * what the system received for it, nothing more.
 */
export const MAX_REFUSED_HELD = 128;

/** Milliseconds between two looks at whose time is over: they are ended a few at once. */
const LOOK_PERIOD = 250;

/** A connection as the operating system's side of Node hands it out, of which nothing was made. */
export interface Closable {
  close: () => void;
}

/**
 * Connections that are refused, each held unread for a while before it is ended. Whoever is ended at once is back at once in a flood,
 * and each time costs both sides more than one that is kept waiting; who does not wait for that is not slowed. With more than there are places for, the one held longest goes.
 */
export class RefusedConnections {
  readonly #hold: number;
  readonly #clock: Clock;
  /** With the monotonic ms at which each is ended; the first to come first. */
  readonly #held = new Map<Closable, number>();
  #timer: Timer | undefined;
  #closed = false;

  /** @param hold milliseconds; 0 ends them at once */
  constructor(hold: number, clock: Clock) {
    this.#hold = hold;
    this.#clock = clock;
  }

  add(connection: Closable): void {
    if (this.#closed || this.#hold <= 0) {
      connection.close();
      return;
    }
    this.#held.set(connection, this.#clock.now() + this.#hold);
    if (this.#held.size > MAX_REFUSED_HELD) this.#endOldest();
    this.#timer ??= this.#clock.setRepeating(this.#look, LOOK_PERIOD);
  }

  close(): void {
    this.#closed = true;
    while (this.#held.size > 0) this.#endOldest();
    this.#stop();
  }

  readonly #look = (): void => {
    const now = this.#clock.now();
    for (const until of this.#held.values()) {
      if (now < until) return;
      this.#endOldest();
    }
    this.#stop();
  };

  #endOldest(): void {
    for (const connection of this.#held.keys()) {
      this.#held.delete(connection);
      connection.close();
      return;
    }
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
