import type { Clock, Connection, ConnectionHandler, Network } from '@shoal/net';
import type { Handshake, ReservedBits } from '@shoal/peer-wire';
import { Handshaking } from './handshaking.ts';
import type { OpenConnections } from './open-connections.ts';
import type { NamedPeer, PeerList } from './peer-list.ts';
import type { SwarmNames } from './swarm-names.ts';

/** Connections tried per second over all torrents: a burst larger than this fills routers' tables. */
const DIALS_PER_SECOND = 50;

/** Milliseconds over which they are counted. */
const DIAL_PERIOD = 1_000;

/** A torrent as the dialer sees it. */
export interface Dialling {
  readonly peerList: PeerList;
  /** What the handshake may name. */
  readonly swarmNames: SwarmNames;
  /** Its peers may know that we take part in the DHT. */
  readonly usesDht: boolean;
  /** How many more connections it may have now; 0 while it wants none. */
  readonly freeConnections: number;
  /** Takes over a connection whose handshake is complete; `isV2`: it is for the v2 hash. */
  join(connection: Connection, handshake: Handshake, isV2: boolean): ConnectionHandler | undefined;
}

export interface DialerOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly peerId: Uint8Array;
  readonly reserved: ReservedBits;
  readonly connections: OpenConnections;
  readonly bind: string | undefined;
  readonly maxHalfOpen: number;
  /** How many more connections the client may have now. */
  readonly freeConnections: () => number;
  /** The torrents in need of peers, in the order in which they take turns. */
  readonly torrents: () => Iterable<Dialling>;
}

/** Opens connections: torrents take turns, and the number of half-open ones is bounded over all of them. */
export class Dialer {
  readonly #options: DialerOptions;
  /** Ends each attempt under way. */
  readonly #attempts = new Set<() => void>();
  /** Endpoints being dialled, by torrent, so that a torrent's own limit counts them. */
  readonly #dialling = new Map<Dialling, number>();
  #halfOpen = 0;
  #connecting = 0;
  /** Since when attempts are counted, monotonic ms, and how many were made since. */
  #periodStart = -Infinity;
  #dialled = 0;
  /** Counts the turns taken, so that those who came last are first next time. */
  #turn = 0;
  #closed = false;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Connections being opened, handshake included. */
  get halfOpen(): number {
    return this.#halfOpen;
  }

  /** Those of them that are not connected yet, and so are no connections. */
  get connecting(): number {
    return this.#connecting;
  }

  /** Connections being opened for one torrent. */
  halfOpenOf(torrent: Dialling): number {
    return this.#dialling.get(torrent) ?? 0;
  }

  /** Dials what may be dialled now. */
  run(): void {
    const { clock, maxHalfOpen, freeConnections, torrents } = this.#options;
    const now = clock.now();
    if (now - this.#periodStart >= DIAL_PERIOD) {
      this.#periodStart = now;
      this.#dialled = 0;
    }
    const left = DIALS_PER_SECOND - this.#dialled;
    let budget = Math.min(left, maxHalfOpen - this.#halfOpen, freeConnections());
    if (budget <= 0) return;
    const all = [...torrents()];
    const first = this.#turn % Math.max(all.length, 1);
    let active = [...all.slice(first), ...all.slice(0, first)];
    while (budget > 0 && active.length > 0) {
      const again: Dialling[] = [];
      for (const torrent of active) {
        if (budget === 0) break;
        // Later rounds hold only some of them: their places say nothing.
        if (active.length === all.length) this.#turn += 1;
        if (torrent.freeConnections - this.halfOpenOf(torrent) <= 0) continue;
        const candidate = torrent.peerList.next(now);
        if (candidate === undefined) continue;
        budget -= 1;
        this.#dialled += 1;
        void this.#dial(torrent, candidate);
        again.push(torrent);
      }
      active = again;
    }
  }

  /** Gives up every attempt under way. */
  close(): void {
    this.#closed = true;
    for (const end of [...this.#attempts]) end();
  }

  async #dial(torrent: Dialling, endpoint: NamedPeer): Promise<void> {
    const { network, clock, peerId, reserved, bind, connections } = this.#options;
    const { peerList } = torrent;
    const abort = new AbortController();
    let end = (): void => abort.abort();
    const endAttempt = (): void => end();
    this.#attempts.add(endAttempt);
    this.#count(torrent, 1);
    const settle = (): void => {
      if (this.#attempts.delete(endAttempt)) this.#count(torrent, -1);
    };
    const failed = (error: Error | undefined): void => {
      settle();
      if (this.#closed) peerList.abandoned(endpoint);
      else peerList.failed(endpoint, clock.now(), error);
    };
    try {
      let connection: Connection;
      this.#connecting += 1;
      try {
        connection = await network.connect(endpoint, {
          signal: abort.signal,
          ...(bind === undefined ? {} : { bind }),
        });
      } finally {
        this.#connecting -= 1;
      }
      end = () => connection.destroy();
      new Handshaking(
        connection,
        {
          connections,
          peerId,
          reserved,
          usesDht: () => torrent.usesDht,
          names: torrent.swarmNames,
          knowsV2: endpoint.knowsV2 ?? false,
          mayOffer: endpoint.hasOtherV2 !== true,
          ...(endpoint.peerId === undefined ? {} : { expectedPeerId: endpoint.peerId }),
          established: (established, handshake, isV2) => {
            settle();
            return torrent.join(established, handshake, isV2);
          },
          failed,
        },
        clock,
      );
    } catch (error) {
      failed(error as Error);
    }
  }

  #count(torrent: Dialling, change: number): void {
    this.#halfOpen += change;
    const now = this.halfOpenOf(torrent) + change;
    if (now === 0) this.#dialling.delete(torrent);
    else this.#dialling.set(torrent, now);
  }
}
