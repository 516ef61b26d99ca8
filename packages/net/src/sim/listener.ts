import type { Connection, Listener } from '../contracts.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PortTable } from './port-table.ts';

/** Accepts connections on a simulated host. */
export class SimListener implements Listener {
  readonly endpoint: Endpoint;
  readonly accept: (connection: Connection) => void;
  readonly #table: PortTable<SimListener>;

  constructor(
    endpoint: Endpoint,
    accept: (connection: Connection) => void,
    table: PortTable<SimListener>,
  ) {
    this.endpoint = endpoint;
    this.accept = accept;
    this.#table = table;
  }

  close(): Promise<void> {
    this.#table.remove(this);
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
