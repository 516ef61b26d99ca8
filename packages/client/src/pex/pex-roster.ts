import type { Endpoint } from '@shoal/net';

/** One of our peers, as others are told of it. */
export interface RosterEntry {
  /** Where it can be connected to. */
  readonly endpoint: Endpoint;
  /** Bits of `pexFlags`. */
  flags: number;
  /** The connection is over. */
  gone: boolean;
}

/** The connected peers of a torrent that others may be told of (BEP 11): those we know an endpoint of. */
export class PexRoster {
  readonly #entries = new Set<RosterEntry>();
  #version = 0;

  /** Changes with every entry: who has seen this version need not look again. */
  get version(): number {
    return this.#version;
  }

  get entries(): Iterable<RosterEntry> {
    return this.#entries;
  }

  add(endpoint: Endpoint, flags: number): RosterEntry {
    const entry = { endpoint, flags, gone: false };
    this.#entries.add(entry);
    this.#version++;
    return entry;
  }

  remove(entry: RosterEntry): void {
    if (!this.#entries.delete(entry)) return;
    entry.gone = true;
    this.#version++;
  }
}
