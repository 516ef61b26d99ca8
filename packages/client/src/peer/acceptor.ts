import {
  addressKind,
  type Clock,
  type Connection,
  type ConnectionHandler,
  type Endpoint,
  type Listener,
  NetError,
  type Network,
} from '@shoal/net';
import type { Handshake, ReservedBits } from '@shoal/peer-wire';
import { codeOf } from '../errors.ts';
import { clientDefaults, type PortRange } from '../options.ts';
import { Handshaking } from './handshaking.ts';
import { Offenders } from './offenders.ts';
import type { OpenConnections } from './open-connections.ts';
import type { SwarmNames } from './swarm-names.ts';
import { type Waiting, WaitingRoom } from './waiting-room.ts';

/** Connections of one address in their handshake; loopback has no such limit. An honest host has one or two. */
const MAX_PENDING_PER_ADDRESS = 8;

/** A torrent as incoming connections see it. */
export interface Accepting {
  readonly swarmNames: SwarmNames;
  /** Its peers may know that we take part in the DHT. */
  readonly usesDht: boolean;
  /** Does it want a connection from there now? */
  accepts(from: Endpoint): boolean;
  /** Takes over a connection whose handshake is complete; `isV2`: it is for the v2 hash. */
  join(connection: Connection, handshake: Handshake, isV2: boolean): ConnectionHandler | undefined;
}

export interface AcceptorOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly peerId: Uint8Array;
  readonly reserved: ReservedBits;
  readonly connections: OpenConnections;
  /** How many more connections the client may have now. */
  readonly freeConnections: () => number;
  /** Addresses from which no connection is taken. */
  readonly isBlocked: (address: string) => boolean;
  /** The torrent of a 20-byte info-hash, v1 or truncated v2. */
  readonly find: (infoHash: Uint8Array) => Accepting | undefined;
}

/** Takes incoming connections to the torrent their handshake names. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #listeners: Listener[] = [];
  readonly #pending = new Set<Connection>();
  readonly #offenders = new Offenders();
  readonly #room: WaitingRoom;

  constructor(options: AcceptorOptions) {
    this.#options = options;
    const { clock, connections, freeConnections } = options;
    this.#room = new WaitingRoom({
      clock,
      connections,
      freeConnections,
      isShared: (address) => addressKind(address) === 'loopback',
      begin: (waiting) => this.#begin(waiting.connection, waiting),
    });
  }

  /** Connections of which nothing is read before their turn. */
  get waiting(): number {
    return this.#room.size;
  }

  /** Connections still in their handshake. */
  get pending(): number {
    return this.#pending.size;
  }

  /** The port listened on; 0 before {@link listen}. */
  get port(): number {
    return this.#listeners[0]?.endpoint.port ?? 0;
  }

  /**
   * Listens on the first free port of the range. Without an address every one is listened on, IPv6 and IPv4; a machine
   * without IPv6 falls back to IPv4.
   */
  async listen(port: number | PortRange, bind: string | undefined): Promise<void> {
    const { from, to } = typeof port === 'number' ? { from: port, to: port } : port;
    const addresses = bind === undefined ? ['::', '0.0.0.0'] : [bind];
    let last: unknown;
    for (let each = from; each <= to; each += 1) {
      for (const address of addresses) {
        try {
          const { network } = this.#options;
          const listener = await network.listen(
            { address, port: each },
            (connection) => this.#accept(connection),
            { refuses: ({ address }) => this.#refuses(address) },
          );
          this.#listeners.push(listener);
          return;
        } catch (error) {
          last = error;
          if (error instanceof NetError && error.code === 'ERR_NET_ADDRESS_IN_USE') break;
        }
      }
    }
    throw last;
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
    this.#room.close();
    for (const connection of [...this.#pending]) connection.destroy();
  }

  #accept(connection: Connection): void {
    const { clock, freeConnections } = this.#options;
    const { address } = connection.remote;
    if (this.#refuses(address)) {
      connection.destroy();
      return;
    }
    if (freeConnections() <= 0 || this.#isCrowded(connection.remote.address)) {
      connection.destroy();
      return;
    }
    const now = clock.now();
    const notBefore = this.#offenders.notBefore(address);
    if (now < notBefore || !this.#room.takeTurn(now)) this.#room.add(connection, notBefore);
    else this.#begin(connection, undefined);
  }

  /** Reads a connection's handshake; `waiting`: it has had to wait for that. */
  #begin(connection: Connection, waiting: Waiting | undefined): void {
    const { clock, connections, peerId, reserved, find } = this.#options;
    const { address } = connection.remote;
    if (this.#pending.size >= clientDefaults.maxPendingIncoming) this.#dropOldest();
    this.#pending.add(connection);
    let torrent: Accepting | undefined;
    new Handshaking(
      connection,
      {
        connections,
        peerId,
        reserved,
        waiting,
        usesDht: () => torrent?.usesDht === true,
        welcome: (infoHash) => {
          torrent = find(infoHash);
          return torrent?.accepts(connection.remote) === true ? torrent.swarmNames : undefined;
        },
        established: (established, handshake, isV2) => {
          this.#pending.delete(connection);
          // Whoever first tried to encrypt came twice for it.
          if (this.#offenders.greeted(address)) this.#room.giveBackTurn();
          const peer = torrent?.join(established, handshake, isV2);
          if (peer !== undefined) this.#room.giveBackTurn();
          return peer;
        },
        parted: (error) => {
          if (this.#offenders.parted(address, error, clock.now())) this.#room.chargeTurn();
        },
        failed: (error) => {
          // Who made room for another has done nothing.
          if (!this.#pending.delete(connection)) return;
          if (this.#offenders.failed(address, error, clock.now())) this.#room.giveBackTurn();
          // A torrent that takes no more peers is asked for in good faith.
          if (torrent !== undefined && codeOf(error) === 'ERR_PEER_UNWANTED') {
            this.#room.giveBackTurn();
          }
        },
      },
      clock,
    );
  }

  /** Asked first of all, so that they cost as little as may be. */
  #refuses(address: string): boolean {
    const { clock, isBlocked } = this.#options;
    if (isBlocked(address)) return true;
    if (!this.#room.isFull) return false;
    const now = clock.now();
    return now < this.#offenders.notBefore(address) || !this.#room.hasTurn(now);
  }

  #isCrowded(address: string): boolean {
    if (addressKind(address) === 'loopback') return false;
    let pending = 0;
    for (const { remote } of this.#pending) if (remote.address === address) pending += 1;
    return pending >= MAX_PENDING_PER_ADDRESS;
  }

  /** A handshake takes a round trip or two: the one that takes longest is the least likely to come to anything. */
  #dropOldest(): void {
    for (const connection of this.#pending) {
      this.#pending.delete(connection);
      connection.destroy();
      return;
    }
  }
}
