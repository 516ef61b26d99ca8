import type { Clock, Connection } from '@shoal/net';

/** Every connection of a client, from the first byte of its handshake until nothing of it is left. */
export class OpenConnections {
  readonly #clock: Clock;
  readonly #open = new Set<Connection>();
  #empty: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  add(connection: Connection): void {
    this.#open.add(connection);
  }

  /** The connection is over. */
  delete(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) this.#empty();
  }

  /**
   * Resolves when all connections are over. Those still there after `grace` milliseconds are cut: their peers do not close
   * their side.
   */
  async close(grace: number): Promise<void> {
    if (this.#open.size === 0) return;
    for (const connection of this.#open) connection.close();
    const timer = this.#clock.setTimer(() => {
      for (const connection of [...this.#open]) connection.destroy();
    }, grace);
    await new Promise<void>((resolve) => (this.#empty = resolve));
    timer.cancel();
  }
}
