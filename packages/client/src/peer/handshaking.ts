import {
  checkHandshake,
  encodeHandshake,
  type Handshake,
  HandshakeReader,
  type HandshakeResult,
  type ReservedBits,
} from '@shoal/peer-wire';
import type { Clock, Connection, ConnectionHandler, Timer } from '@shoal/net';
import { PeerError } from '../errors.ts';
import { clientDefaults } from '../options.ts';
import type { OpenConnections } from './open-connections.ts';

/** What a handshake needs to know of the side that runs it. */
export interface HandshakePolicy {
  /** Knows of the connection from now on until its end. */
  readonly connections: OpenConnections;
  readonly peerId: Uint8Array;
  readonly reserved: ReservedBits;
  /**
   * The info-hash this connection shall be for. Undefined on the incoming side, where the peer names it and
   * {@link HandshakePolicy.welcome} decides.
   */
  readonly infoHash?: Uint8Array;
  /** The peer id a tracker gave for this endpoint; the connection is dropped when another one answers (BEP 3). */
  readonly expectedPeerId?: Uint8Array;
  /** Incoming side: is the torrent of that info-hash here, and is there room for a peer? */
  welcome?(infoHash: Uint8Array): boolean;
  /** The handshake is complete: who takes the connection over? Undefined refuses the peer. */
  established(connection: Connection, handshake: Handshake): ConnectionHandler | undefined;
  /** The connection ended before that. */
  failed(error: Error | undefined): void;
}

/**
 * The first 68 bytes each way (BEP 3). The incoming side answers as soon as the info-hash has come, without waiting for
 * the peer id. After that every event goes to the handler that took over.
 */
export class Handshaking implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #policy: HandshakePolicy;
  readonly #reader = new HandshakeReader();
  readonly #timeout: Timer;
  #sent = false;
  #next: ConnectionHandler | undefined;

  constructor(connection: Connection, policy: HandshakePolicy, clock: Clock) {
    this.#connection = connection;
    this.#policy = policy;
    this.#timeout = clock.setTimer(
      () =>
        connection.destroy(
          new PeerError('ERR_PEER_HANDSHAKE_TIMEOUT', 'No handshake came in time'),
        ),
      clientDefaults.handshakeTimeout,
    );
    policy.connections.add(connection);
    connection.attach(this);
    if (policy.infoHash !== undefined) this.#send(policy.infoHash);
  }

  onData(chunk: Uint8Array): void {
    if (this.#next !== undefined) {
      this.#next.onData(chunk);
      return;
    }
    const complete = this.#reader.push(chunk);
    if (complete === undefined || this.#sent) {
      this.#read(complete);
      return;
    }
    // Our handshake and what follows it at once leave together: one system call, and one packet.
    this.#connection.cork();
    try {
      this.#read(complete);
    } finally {
      this.#connection.uncork();
    }
  }

  #read(complete: HandshakeResult | undefined): void {
    const infoHash = this.#sent ? undefined : this.#reader.infoHash;
    if (infoHash !== undefined) {
      if (this.#policy.welcome?.(infoHash) !== true) {
        this.#connection.destroy(
          new PeerError(
            'ERR_PEER_UNWANTED',
            'The torrent it asked for is not here, or takes no peers now',
          ),
        );
        return;
      }
      this.#send(infoHash);
    }
    if (complete === undefined) return;
    const next = this.#takeOver(complete.handshake);
    if (complete.rest.length > 0) next?.onData(complete.rest);
  }

  onDrain(): void {
    this.#next?.onDrain();
  }

  onClose(error: Error | undefined): void {
    this.#timeout.cancel();
    this.#policy.connections.delete(this.#connection);
    if (this.#next !== undefined) this.#next.onClose(error);
    else this.#policy.failed(error);
  }

  #send(infoHash: Uint8Array): void {
    this.#sent = true;
    const { peerId, reserved } = this.#policy;
    this.#connection.write(encodeHandshake({ reserved, infoHash, peerId }));
  }

  #takeOver(handshake: Handshake): ConnectionHandler | undefined {
    const { infoHash, expectedPeerId, peerId } = this.#policy;
    checkHandshake(handshake, {
      infoHash: infoHash ?? handshake.infoHash,
      peerId: expectedPeerId,
    });
    if (Buffer.compare(handshake.peerId, peerId) === 0) {
      if (infoHash === undefined) {
        // Our answer must get through: from it the side that dialled learns not to do so again.
        this.#connection.close();
        return undefined;
      }
      throw new PeerError('ERR_PEER_SELF', 'The connection leads back to this client');
    }
    this.#timeout.cancel();
    this.#next = this.#policy.established(this.#connection, handshake);
    if (this.#next === undefined && !this.#connection.closed) this.#connection.close();
    return this.#next;
  }
}
